"""Build the native core; everything else is in pyproject.toml."""

from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup

core = Extension(
    "emitter._core",
    sources=["src/emitter/_core.pyx"],
    depends=sorted(
        str(path)
        for path in [*Path("src/emitter").glob("*.pxi"), *Path("src/emitter/native").glob("*.h")]
    ),
    include_dirs=["src/emitter/native", np.get_include()],
    define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
    libraries=["sodium"],
    extra_compile_args=["-std=gnu11", "-O3", "-Wall", "-Wextra", "-Wno-unused-parameter"],
)

setup(ext_modules=cythonize([core], compiler_directives={"language_level": 3}))
