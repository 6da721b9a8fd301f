"""``emitter labels``: a block as symbols and labels in files, designs, and a preview of one."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from emitter.cli.access import FILE, JSON, with_access
from emitter.cli.terminal import (
    kzt,
    note,
    number,
    plain,
    print_json,
    print_pairs,
    print_table,
    progress,
)
from emitter.cli.values import Count
from emitter.cli.words import Group
from emitter.client import LabelForm
from emitter.errors import Refused
from emitter.labels import designs, picture
from emitter.labels.layout import Content, fit
from emitter.language import language, t
from emitter.trade.gs1 import format_gtin, require_gtin
from emitter.trade.templates import require_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.cli.access import Access
    from emitter.client import Labels

_FORMS = [name.removeprefix("LABEL_FORM_").lower() for name, value in LabelForm.items() if value]
_FOLDER_FORMS = {"png", "svg"}
_DESIGN = click.option(
    "--design", default="consumer-unit", metavar="NAME|FILE.toml",
    help=t("Макет: имя или файл TOML (обычно consumer-unit).",
           "Design: a name or a TOML file (by default consumer-unit)."),
)  # fmt: skip
_PRODUCT = click.option(
    "--product", default="", metavar="TEXT",
    help=t("Наименование товара на этикетке.", "Name of the product on the label."),
)  # fmt: skip


@click.group(
    cls=Group,
    help=t(
        "Этикетки и символы GS1 DataMatrix: печать блока, макеты, предпросмотр.",
        "Labels and GS1 DataMatrix symbols: printing a block, designs, a preview.",
    ),
    examples=(
        "emitter labels print 0197f5a0-… 04670033010053 --form zpl --out labels.zpl",
        "emitter labels preview --design a4-sheet --template 1 --out preview.png",
    ),
)
def labels() -> None:
    """Group the verbs of labels."""


@labels.command(
    "print",
    help=t(
        "Записать блок кодов GTIN из заявки ORDER как этикетки. Первый раз – это выгрузка блока, с "
        "оплатой; повторно – бесплатно, в любом виде и с любого номера: после замятия --from 1204.",
        "Write a block of codes of GTIN in ORDER as labels. The first time is the delivery of the "
        "block, and paid; again is free, in any form and from any number: after a jam --from 1204.",
    ),
    examples=(
        "emitter labels print 0197f5a0-… 04670033010053 --quantity 5000 --out labels.zpl",
        "emitter labels print 0197f5a0-… 04670033010053 --block-id shift-2 --from 1204",
        "emitter labels print 0197f5a0-… 04670033010053 --form pdf --design a4-sheet --count 400",
    ),
)
@click.argument("order_id", metavar="ORDER")
@click.argument("gtin", metavar="GTIN")
@click.option("--form", type=click.Choice(_FORMS), default="zpl",
              help=t("Что сделать (обычно zpl).", "What to make (by default zpl)."))  # fmt: skip
@_DESIGN
@_PRODUCT
@click.option("--quantity", type=Count(), default=0, metavar="N",
              help=t("Сколько кодов в блоке; 0 – все оставшиеся.",
                     "Codes of the block; 0: all that is left."))  # fmt: skip
@click.option("--block-id", metavar="TEXT",
              help=t("Идентификатор блока: повторная печать бесплатна.",
                     "Id of the block: printing it again is free."))  # fmt: skip
@click.option("--from", "first", type=Count(), default=1, metavar="N",
              help=t("С какого номера в блоке печатать.",
                     "The number in the block to begin with."))  # fmt: skip
@click.option("--count", type=Count(), default=0, metavar="N",
              help=t("Сколько этикеток; 0 – до конца.", "How many labels; 0: up to the end."))
@click.option("--out", type=click.Path(path_type=Path), metavar="PATH",
              help=t("Файл, а для png и svg – папка (обычно labels.<вид>).",
                     "A file, or for png and svg a folder (by default labels.<form>)."),
)  # fmt: skip
@with_access
@JSON
def print_(
    access: Access,
    order_id: str,
    gtin: str,
    *,
    form: str,
    design: str,
    product: str,
    quantity: int,
    block_id: str | None,
    first: int,
    count: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Render a block into a file that appears when it is complete."""
    out = out or Path("labels" if form in _FOLDER_FORMS else f"labels.{form}")
    if out.exists():
        raise click.UsageError(t(f"{out} уже есть", f"{out} exists already"))
    if first < 1:
        raise click.UsageError(t("номера начинаются с 1", "numbers begin with 1"))
    if block_id is None:
        block_id = str(uuid.uuid4())
        note(t(f"Блок {block_id}", f"Block {block_id}"))  # known even if the answer is lost
    with access.client() as client:
        made = client.labels(
            order_id,
            gtin,
            form=cast("LabelForm", LabelForm.Value(f"LABEL_FORM_{form.upper()}")),
            design=_design_text(design),
            block_id=block_id,
            quantity=quantity,
            product=product,
            from_index=first - 1,
            count=count,
        )
        rest = made.block.quantity - first + 1
        with progress(t("Этикетки", "Labels"), min(count or rest, rest)) as advance:
            write = _write_folder if form in _FOLDER_FORMS else _write_file
            write(made, out, form, advance)
    if as_json:
        print_json({"path": str(out), "replayed": made.replayed, "block": plain(made.block)})
        return
    print_pairs(
        [
            (t("Записано", "Written"), str(out)),
            (t("Блок", "Block"), made.block.block_id),
            (t("Коды", "Codes"), number(made.block.quantity)),
            (t("Списано", "Captured"), kzt(0 if made.replayed else made.block.gross_tiyn)),
            (t("Символ", "Symbol"), f"{made.modules} x {made.modules}, {made.module_dots} dots"),
        ]
    )


def _write_file(made: Labels, out: Path, _form: str, advance: Callable[[int], None]) -> None:
    part = out.with_name(out.name + ".part")
    with part.open("wb") as file:
        for message in made:
            file.write(message.data)
            advance(message.count)
        file.flush()
        os.fsync(file.fileno())
    part.replace(out)


def _write_folder(made: Labels, out: Path, form: str, advance: Callable[[int], None]) -> None:
    """Write files named by the numbers of their codes."""
    part = out.with_name(out.name + ".part")
    part.mkdir(parents=True, exist_ok=True)
    digits = max(4, len(str(made.block.quantity)))
    for index, file in made.files():
        (part / f"{index + 1:0{digits}}.{form}").write_bytes(file)
        advance(1)
    part.rename(out)


@labels.command(
    "designs",
    help=t("Показать макеты, которые есть на сервере.", "Show the designs that ship."),
    examples=("emitter labels designs",),
)
@JSON
def list_designs(*, as_json: bool) -> None:
    """Print name, size and resolution of each design."""
    shown = [designs.shipped(name) for name in designs.names()]
    if as_json:
        print_json({"designs": [design.name for design in shown]})
        return
    print_table(
        (t("Макет", "Design"), t("Этикетка, мм", "Label, mm"), "dpi", t("Что это", "What it is")),
        [
            (
                design.name,
                f"{design.width_mm:g} x {design.height_mm:g}",
                str(design.dpi),
                design.title_ru if language() == "ru" else design.title_en,
            )
            for design in shown
        ],
    )


@labels.command(
    help=t(
        "Нарисовать одну этикетку макета, пиксель – точка принтера. Код на ней – образец, который "
        "никем не выдан. Скажет, если символ не помещается.",
        "Draw one label of a design, a pixel a dot of the printer. Its code is a sample that "
        "nobody issued. Tells if the symbol does not fit.",
    ),
    examples=("emitter labels preview --design my-label.toml --template 5 --out preview.png",),
)
@_DESIGN
@_PRODUCT
@click.option("--template", "template_id", type=int, default=1, metavar="N",
              help=t("Шаблон кода (обычно 1, обувь).",
                     "Template of the code (by default 1, shoes)."))  # fmt: skip
@click.option("--gtin", default=format_gtin(4670033010053), metavar="GTIN",
              help=t("GTIN на образце.", "GTIN of the sample."))  # fmt: skip
@click.option("--out", type=FILE, default=Path("preview.png"), metavar="FILE",
              help=t("Файл (обычно preview.png).", "File (by default preview.png)."))  # fmt: skip
@JSON
def preview(
    *, design: str, product: str, template_id: int, gtin: str, out: Path, as_json: bool
) -> None:
    """Write a picture of one label."""
    template = require_template(template_id, "template")
    content = Content(
        template=template,
        gtin=format_gtin(require_gtin(gtin, "gtin")),
        product=product or (template.titles.en if language() == "en" else template.titles.ru),
        order="00000000-0000-7000-8000-000000000000",
    )
    text = _design_text(design)
    layout = fit(designs.read(text) if "\n" in text else designs.shipped(text), content)
    out.write_bytes(picture.label(layout, picture.sample_code(content), 1))
    facts = {
        "file": str(out),
        "modules": layout.modules,
        "module_dots": layout.px,
        "module_mm": round(layout.module_mm, 4),
    }
    if as_json:
        print_json(facts)
        return
    print_pairs(
        [
            (t("Файл", "File"), str(out)),
            (t("Символ", "Symbol"), f"{layout.modules} x {layout.modules}"),
            (t("Модуль", "Module"), f"{layout.px} dots, {layout.module_mm:.3f} mm"),
        ]
    )


def _design_text(design: str) -> str:
    """Return the text of a design file, or the name of a design that ships."""
    path = Path(design)
    if path.suffix != ".toml":
        return design
    text = path.read_text("utf-8") + "\n"
    try:
        designs.read(text)
    except Refused as refused:
        raise click.UsageError(f"{design}: {refused.refusal.sentence(language())}") from None
    return text
