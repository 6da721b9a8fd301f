"""The life of one shoe, from its order to its end, with the commands anybody can repeat.

The commands run against a real server, and what they print makes docs/life-of-a-code.md. What
differs from run to run (ids, times, serials) is written the same way each time, so page and run can
be compared. ``python tests/test_story_of_a_shoe.py`` tells the story and writes the page anew.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

from emitter.cli import main
from place import Place

PAGE = Path(__file__).parent.parent / "docs" / "life-of-a-code.md"
GTIN = "04670033010053"
FACTORY, SHOP = "990140000384", "990240003471"
SSCC = "104870001234500010"

TITLE = """# Жизнь одного кода

Эта страница – рассказ об одном ботинке: от заявки на его код до списания. Команды можно повторить
одну за другой в пустой папке. Ответы настоящие: рассказ разыгрывает тест
`tests/test_story_of_a_shoe.py` и сравнивает страницу с тем, что ответил сервер. Идентификаторы,
время и серийные номера у вас будут свои.

    $ export PATH=$PWD/.venv/bin:$PATH
    $ export EMITTER_KEYS_FILE=keys EMITTER_MASTER_KEY_FILE=master.key EMITTER_DATA_DIR=data
"""


class Scene(NamedTuple):
    """A piece of the story: what happens, the commands, the exit code of the last of them.

    ``learns`` is a name and a pattern: what it finds in the answers the later commands call $NAME.
    """

    title: str
    text: str
    commands: tuple[str, ...]
    code: int = 0
    learns: tuple[str, str] | None = None


SCENES = (
    Scene(
        "Сервер и участник",
        "Оператор создаёт ключи и запускает сервер. Потом регистрирует фабрику, вводит в "
        "действие её договор и зачисляет предоплату: 10 000 тенге. У фабрики появляется "
        "лицевой счёт и токен для её станции. Так же "
        "присоединяется магазин.",
        (
            "emitter keys init > keys.txt",
            "emitter account token --data data --role operator > operator.token",
            "emitter serve &",
            "export EMITTER_TOKEN_FILE=operator.token",
            f"emitter account register {FACTORY} 'ТОО «Обувь»' > joined.txt",
            f"emitter account activate {FACTORY} > joined.txt",
            f"emitter account credit {FACTORY} 10000.00 --reference KZ-2026-000117",
            f"emitter account token --role station --bin {FACTORY} > factory.token",
            f"emitter account register {SHOP} 'ТОО «Обувной дом»' > joined.txt",
            f"emitter account activate {SHOP} > joined.txt",
            f"emitter account token --role station --bin {SHOP} > shop.token",
        ),
    ),
    Scene(
        "Товар и заявка",
        "Дальше действует фабрика. Она вносит ботинки в реестр товаров и заказывает на них "
        "сто кодов по шаблону 1. Коды эмитированы сразу, деньги за них – в резерве. Номер "
        "заявки дальше называется `$ORDER`.",
        (
            "export EMITTER_TOKEN_FILE=factory.token",
            f"emitter product add {GTIN} --group shoes --tnved 6403919300 --name 'Ботинки мужские'",
            f"emitter order create {GTIN}:100:1",
        ),
        learns=("ORDER", r"[0-9a-f]{8}-[0-9a-f-]{27}"),
    ),
    Scene(
        "Коды на фабрике",
        "Фабрика выгружает коды. В этот момент они оплачены: резерв списан. Повторить "
        "выгрузку можно когда угодно: те же коды, без новых денег.",
        (f"emitter deliver $ORDER {GTIN}", "emitter account show"),
    ),
    Scene(
        "Наш ботинок",
        "Первый код файла – код нашего ботинка. Он подлинный и оплачен; «нанесён и оплачен» – "
        "так договор называет код, который выгружен. Самого товара с ним ещё нет.",
        ("head -n 1 codes.csv > shoe.txt", "emitter verify shoe.txt"),
    ),
    Scene(
        "На линии",
        "Этикетки наклеены: линия отчитывается о нанесении всех ста кодов.",
        ("emitter report utilisation codes.csv --line 4 --batch B-7",),
    ),
    Scene(
        "Ввод в оборот",
        "Партия готова, и фабрика вводит её в оборот. Два кода испорчены при печати: их она "
        "сначала списывает – по номерам в заявке, без файла.",
        (
            "emitter report dropout --order $ORDER --range 98:2 --reason defect",
            "emitter report introduction --order $ORDER --range 0:98 --way production",
        ),
    ),
    Scene(
        "Списанное не вернуть",
        "Если попробовать ввести в оборот всё, списанные коды названы поимённо, и ни один код"
        " не сдвинулся: отчёт принимается целиком или, с `--valid`, в той части, которая "
        "возможна.",
        ("emitter report introduction --order $ORDER --range 97:3 --way production",),
        code=1,
    ),
    Scene(
        "Коробка",
        "Десять пар едут вместе. Фабрика кладёт их в коробку с номером SSCC; где ботинок, видно"
        " по его коду.",
        (
            "head -n 10 codes.csv > carton.txt",
            f"emitter box pack {SSCC} carton.txt",
            "emitter box find shoe.txt",
        ),
    ),
    Scene(
        "Отгрузка",
        "Коробку покупает магазин. Пока он не ответил, товар не двигает никто; после приёмки "
        "хозяин – магазин. Номер передачи дальше называется `$TRANSFER`.",
        (f"emitter transfer ship {SHOP} --box {SSCC}",),
        learns=("TRANSFER", r"[0-9a-f]{8}-[0-9a-f-]{27}"),
    ),
    Scene(
        "В магазине",
        "Магазин принимает товар и вынимает его из коробки. С этой минуты отчёты о ботинке – его"
        " дело. Всё, что принято, можно называть и номером передачи: `--transfer $TRANSFER` вместо "
        "файла с кодами.",
        (
            "export EMITTER_TOKEN_FILE=shop.token",
            "emitter transfer accept $TRANSFER",
            f"emitter box unpack {SSCC}",
        ),
    ),
    Scene(
        "Покупатель проверяет",
        "В магазине ботинок сканирует покупатель. Ему говорят только то, что ему полагается знать.",
        ("curl --data-binary @shoe.txt http://127.0.0.1:7480/public/check",),
    ),
    Scene(
        "Продажа",
        "Ботинок продан и выведен из оборота. Продать его второй раз нельзя.",
        (
            "emitter report withdrawal shoe.txt --reason retail-sale",
            "emitter report withdrawal shoe.txt --reason distance-sale",
        ),
        code=1,
    ),
    Scene(
        "Возврат",
        "Размер не подошёл. Покупатель вернул ботинок, и он снова в обороте.",
        (
            "emitter report return shoe.txt --reason retail-return",
            "emitter verify shoe.txt",
        ),
    ),
    Scene(
        "Конец",
        "На складе ботинок испортили, и магазин его списывает. Это конец: из списания пути "
        "нет, и покупателю об этом говорят.",
        (
            "emitter report dropout shoe.txt --reason damage-loss --document 17",
            "curl --data-binary @shoe.txt http://127.0.0.1:7480/public/check",
        ),
    ),
    Scene(
        "Что осталось",
        "Все документы лежат на своих местах, а счета и состояния кодов сходятся до тиына и "
        "до кода.",
        (
            'emitter history "$(cat shoe.txt)"',
            "emitter report list",
            "export EMITTER_TOKEN_FILE=factory.token",
            "emitter report list",
            "emitter verify codes.csv",
            "emitter check --data data",
        ),
    ),
)


class Teller:
    """Plays the scenes and writes down what was asked and answered."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.place.environment["EMITTER_LANG"] = "ru"
        self.words: dict[str, str] = {}
        self.public_port = 0
        self.code = 0
        self._beside: io.StringIO | None = None  # what a command says beside a result that is kept
        self._same: dict[tuple[str, str], str] = {}

    def tell(self) -> str:
        """Return the page."""
        parts = [TITLE]
        try:
            for number, scene in enumerate(SCENES, 1):
                parts.append(f"## {number}. {scene.title}\n\n{folded(scene.text)}\n")
                parts.append("\n".join(self._play(scene)) + "\n")
        finally:
            if self.place.server is not None:
                assert self.place.stop() == 0
        return "\n".join(parts)

    def _play(self, scene: Scene) -> list[str]:
        lines = []
        for command in scene.commands:
            answer = self._run(command)
            if scene.learns and (found := re.search(scene.learns[1], answer)):
                self.words[scene.learns[0]] = found[0]
                answer += f"$ {scene.learns[0]}={found[0]}\n"
            lines.append(f"    $ {command}")
            lines += [f"    {line}".rstrip() for line in self._alike(answer).splitlines()]
        assert self.code == scene.code, "\n".join(lines)
        return lines

    def _run(self, command: str) -> str:
        """Carry a line out as a shell would, and return what it prints."""
        line, _, out = command.partition(" > ")
        for name, value in self.words.items():
            line = line.replace(f"${name}", value)
        for name in re.findall(r"\$\(cat ([\w.]+)\)", line):
            said = (self.place.folder / name).read_text().rstrip("\n")
            line = line.replace(f'"$(cat {name})"', shlex.quote(said))
        verb, *arguments = shlex.split(line)
        self.code = 0
        if verb == "export":
            name, value = arguments[0].split("=")
            self.place.environment[name] = str(self.place.folder / value)
            return ""
        if line == "emitter serve &":
            self._serve()
            return ""
        self._beside = io.StringIO() if out else None
        answer = getattr(self, f"_{verb}")(arguments)
        if self._beside is None:
            return str(answer)
        (self.place.folder / out).write_text(answer)
        return self._beside.getvalue()

    def _serve(self) -> None:
        environment = self.place.environment
        del environment["EMITTER_STATIONS_LISTEN"]
        environment["EMITTER_SERVER"] = self.place.serve("--stations-listen", "127.0.0.1:0")
        self.public_port = int(re.search(r"\d+", self.place.server.stdout.readline())[0])

    def _emitter(self, arguments: list[str]) -> str:
        """Run the command in this process, as its entry point does."""
        said, environment = io.StringIO(), self.place.environment
        with (
            patch.dict(os.environ, environment, clear=True),
            contextlib.chdir(self.place.folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(self._beside or said),
        ):
            try:
                main(arguments)
            except SystemExit as ended:
                self.code = int(ended.code or 0)
        return said.getvalue()

    def _head(self, arguments: list[str]) -> str:
        *_, count, name = arguments
        lines = (self.place.folder / name).read_bytes().decode().split("\n")
        return "\n".join([*lines[: int(count)], ""])

    def _curl(self, arguments: list[str]) -> str:
        _, name, _ = arguments
        body = (self.place.folder / name.removeprefix("@")).read_bytes()
        door = http.client.HTTPConnection("127.0.0.1", self.public_port, timeout=20)
        try:
            door.request("POST", "/public/check", body)
            return door.getresponse().read().decode() + "\n"
        finally:
            door.close()

    def _alike(self, answer: str) -> str:
        """Write ids, times and serials the same way in every run, each as long as it was."""
        answer = answer.replace(f"{self.place.folder}/", "")
        for kind, pattern, form in (
            ("id", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "01a20187-0000-7000-8000-{:012}"),
            ("token", r"(?<=отозвать: )[0-9a-f]{16}", "1f0c5be2a97d{:04}"),
            ("serial", rf"(?<={GTIN}21).{{13}}|(?<={GTIN} )3\S{{12}}", "3Botinok-{:04}"),
        ):
            answer = re.sub(pattern, lambda m, k=kind, f=form: self._name(k, m[0], f), answer)
        return re.sub(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
            "2026-03-02 10:00:00",
            re.sub(r"(?<=\s)\d{4}-\d\d-\d\d(?=\s)(?! \d\d:)", "2026-03-02", answer),
        )

    def _name(self, kind: str, text: str, form: str) -> str:
        names = self._same
        count = 1 + sum(each == kind for each, _ in names)
        return names.setdefault((kind, text), form.format(count))


def folded(text: str) -> str:
    """Return a paragraph in lines of a hundred columns."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 99:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def test_the_life_of_a_shoe_is_as_the_page_tells_it(tmp_path: Path) -> None:
    story = Teller(tmp_path).tell()
    sys.stdout.write(story)
    assert story == PAGE.read_text("utf-8")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        PAGE.write_text(Teller(Path(folder)).tell(), "utf-8")
        sys.stdout.write(PAGE.read_text("utf-8"))
