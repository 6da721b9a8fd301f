# The part of the glass that draws: marking codes as GS1 DataMatrix symbols and print-ready bytes.

import itertools

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)
    void free(void *memory)

cdef extern from "datamatrix.h" nogil:
    int DM_GS1, DM_GS1_GS, DM_PLAIN, DM_KINDS, DM_EACH, DM_SQUARES, DM_SIZES
    ctypedef struct dm_size "struct dm_size":
        uint8_t rows
        uint8_t columns
        uint16_t data
    ctypedef struct dm_placement "struct dm_placement":
        size_t row_bytes
    ctypedef struct dm_plan "struct dm_plan":
        dm_size size
        dm_placement placement
    ctypedef struct dm_job "struct dm_job":
        cpu_form cpu
        const uint8_t *codes
        size_t size, count, wanted
        int kind
        const dm_plan **plans
    const dm_size *DM_SIZE_TABLE
    const dm_size *dm_size_of(unsigned rows, unsigned columns)
    void dm_plan_make(dm_plan *plan, const dm_size *size)
    ctypedef struct dm_scratch "struct dm_scratch":
        pass
    void dm_smallest_sizes(const dm_job *job, dm_scratch *scratch, uint8_t *sizes)
    void dm_symbols(const dm_job *job, dm_scratch *scratch, uint8_t *rows, uint8_t *reasons)

cdef extern from "datamatrix_png.h" nogil:
    int DM_CHUNK, DM_PX_MAX, DM_QUIET_MAX
    ctypedef struct dm_png "struct dm_png":
        pass
    void dm_png_make(dm_png *png, size_t px, size_t quiet)
    size_t dm_png_bytes_max(dm_png *png, const dm_job *job)
    void dm_pngs(const dm_job *job, dm_png *png, dm_scratch *scratch, uint8_t *rows, size_t stride,
                 uint8_t *out, int64_t *ends, uint8_t *reasons)

cdef extern from "datamatrix_svg.h" nogil:
    size_t svg_bytes_max(const dm_job *job)
    void dm_svgs(const dm_job *job, size_t px, size_t quiet, dm_scratch *scratch, uint8_t *rows,
                 size_t stride, uint8_t *out, int64_t *ends, uint8_t *reasons)

cdef extern from "datamatrix_zpl.h" nogil:
    int ZPL_PIECES, ZPL_PX_MAX
    int ZPL_TEXT_ "ZPL_TEXT"
    int ZPL_SYMBOL_ "ZPL_SYMBOL"
    int ZPL_PART_ "ZPL_PART"
    int ZPL_DATA_ "ZPL_DATA"
    int ZPL_NUMBER_ "ZPL_NUMBER"
    ctypedef struct zpl_piece "struct zpl_piece":
        uint32_t kind, start, size
    ctypedef struct zpl_design "struct zpl_design":
        const uint8_t *texts
        const zpl_piece *pieces
        size_t count, across, head_size, tail_start, tail_size, px
        uint64_t number
    void zpl_make_digits(zpl_design *design)
    size_t zpl_bytes_max(const zpl_design *design, const dm_job *job)
    void zpl_labels_ "zpl_labels"(const dm_job *job, const zpl_design *design, dm_scratch *scratch,
                    uint8_t *rows, size_t stride, uint8_t *out, int64_t *ends, uint8_t *reasons)

SYMBOL_GS1 = DM_GS1
SYMBOL_GS1_GS = DM_GS1_GS
SYMBOL_PLAIN = DM_PLAIN
SYMBOL_PX_MAX = DM_PX_MAX
SYMBOL_QUIET_ZONE_MAX = DM_QUIET_MAX
ZPL_TEXT = ZPL_TEXT_
ZPL_SYMBOL = ZPL_SYMBOL_
ZPL_PART = ZPL_PART_
ZPL_DATA = ZPL_DATA_
ZPL_NUMBER = ZPL_NUMBER_

_SIDES = np.array([DM_SIZE_TABLE[i].rows for i in range(DM_SQUARES)] + [0] * 7, np.uint8)


cdef class _SymbolPlan:
    """What all symbols of one size have in common: made once, then constant, for all threads."""

    cdef dm_plan plan

    def __cinit__(self, size_t index):
        dm_plan_make(&self.plan, &DM_SIZE_TABLE[index])


cdef list _symbol_plans = [None] * DM_SIZES  # at most 90 KB each, made when first asked for


cdef class _SymbolJob:
    """Codes and what they are to become; keeps what the job points to alive."""

    cdef dm_job job
    cdef bytes codes
    cdef dm_scratch *scratch

    def __cinit__(self, bytes codes, Py_ssize_t size, int kind):
        if size < 1 or len(codes) % size:
            raise ValueError(f"{len(codes)} bytes are no whole number of codes of {size} bytes")
        if not 0 <= kind < DM_KINDS:
            raise ValueError(f"there is no kind {kind} of symbol")
        self.codes = codes
        self.job.cpu = _cpu
        self.job.codes = codes
        self.job.size = size
        self.job.count = len(codes) // size
        self.job.kind = kind
        self.job.wanted = DM_EACH
        self.scratch = <dm_scratch *>aligned_alloc(64, (sizeof(dm_scratch) + 63) // 64 * 64)
        if self.scratch == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.scratch)

    cdef object smallest(self):
        """Return the index of the smallest square of each code, DM_EACH where there is none."""
        cdef cnp.ndarray sizes = np.empty(self.job.count, np.uint8)
        cdef uint8_t *sizes_at = <uint8_t *>cnp.PyArray_DATA(sizes)
        with nogil:
            dm_smallest_sizes(&self.job, self.scratch, sizes_at)
        return sizes

    cdef int want_each(self) except -1:
        """Ask for the smallest square of each code; none needs more codewords than characters."""
        cdef int index
        self.job.wanted = DM_EACH
        for index in range(DM_SQUARES):
            self._plan(index)
            if DM_SIZE_TABLE[index].data > self.job.size:
                break
        return 0

    cdef size_t stride(self) noexcept:
        """Return the bytes of the rows of the largest symbol that was asked for."""
        cdef size_t most = 0
        cdef int index
        for index in range(DM_SIZES):
            if self.job.plans[index] != NULL:
                most = max(most, self.job.plans[index].size.rows
                           * self.job.plans[index].placement.row_bytes)
        return most

    cdef int want(self, size_t index) except -1:
        """Ask for the symbols of one size of the table."""
        self.job.wanted = index
        self._plan(index)
        return 0

    cdef int want_shape(self, int modules, int columns) except -1:
        """Ask for symbols of so many rows and columns."""
        cdef const dm_size *size = dm_size_of(<unsigned>modules, <unsigned>columns)
        if size == NULL:
            raise ValueError(f"there is no symbol of {modules} x {columns} modules")
        return self.want(size - DM_SIZE_TABLE)

    cdef int _plan(self, size_t index) except -1:
        plan = _symbol_plans[index]
        if plan is None:
            plan = _symbol_plans[index] = _SymbolPlan(index)
        self.job.plans[index] = &(<_SymbolPlan>plan).plan
        return 0


def symbol_sizes(bytes codes not None, Py_ssize_t size, *, int kind=DM_GS1):
    """Find the side of the smallest square symbol of each code."""
    return _SIDES[_SymbolJob(codes, size, kind).smallest()]


def symbols(bytes codes not None, Py_ssize_t size, *, int modules=0, int columns=0,
            int kind=DM_GS1):
    """Draw each code as a symbol, all of one size."""
    cdef _SymbolJob job = _SymbolJob(codes, size, kind)
    if modules:
        job.want_shape(modules, columns or modules)
    else:
        sizes = job.smallest()
        job.want(sizes[sizes < DM_SQUARES].max(initial=0))
    cdef const dm_plan *plan = job.job.plans[job.job.wanted]

    cdef cnp.ndarray rows = np.empty(
        (job.job.count, plan.size.rows, plan.placement.row_bytes), np.uint8)
    cdef cnp.ndarray reasons = np.empty(job.job.count, np.uint8)
    cdef uint8_t *rows_at = <uint8_t *>cnp.PyArray_DATA(rows)
    cdef uint8_t *reasons_at = <uint8_t *>cnp.PyArray_DATA(reasons)

    with nogil:
        dm_symbols(&job.job, job.scratch, rows_at, reasons_at)
    return rows, reasons


cdef _SymbolJob _picture_job(bytes codes, Py_ssize_t size, int modules, int columns, int kind,
                             int module_px, int quiet_zone):
    """Check what pictures are asked for: of one size, or of the smallest for each code."""
    if not 1 <= module_px <= DM_PX_MAX or not 0 <= quiet_zone <= DM_QUIET_MAX:
        raise ValueError(f"module_px {module_px} or quiet_zone {quiet_zone} is out of range")
    cdef _SymbolJob job = _SymbolJob(codes, size, kind)
    if modules:
        job.want_shape(modules, columns or modules)
    else:
        job.want_each()
    return job


def symbol_pngs(bytes codes not None, Py_ssize_t size, *, int modules=0, int columns=0,
                int kind=DM_GS1, int module_px=4, int quiet_zone=2):
    """Draw each code as a PNG file."""
    cdef _SymbolJob job = _picture_job(codes, size, modules, columns, kind, module_px, quiet_zone)
    cdef size_t stride = job.stride(), px = module_px, quiet = quiet_zone

    cdef cnp.ndarray png = np.empty(sizeof(dm_png), np.uint8)
    cdef dm_png *png_at = <dm_png *>cnp.PyArray_DATA(png)
    dm_png_make(png_at, px, quiet)
    cdef cnp.ndarray out = np.empty(dm_png_bytes_max(png_at, &job.job) * job.job.count, np.uint8)
    cdef cnp.ndarray ends = np.empty(job.job.count, np.int64)
    cdef cnp.ndarray reasons = np.empty(job.job.count, np.uint8)
    cdef cnp.ndarray rows = np.empty(stride * DM_CHUNK, np.uint8)
    cdef uint8_t *out_at = <uint8_t *>cnp.PyArray_DATA(out)
    cdef int64_t *ends_at = <int64_t *>cnp.PyArray_DATA(ends)
    cdef uint8_t *reasons_at = <uint8_t *>cnp.PyArray_DATA(reasons)
    cdef uint8_t *rows_at = <uint8_t *>cnp.PyArray_DATA(rows)

    with nogil:
        dm_pngs(&job.job, png_at, job.scratch, rows_at, stride, out_at, ends_at, reasons_at)
    return out[: ends[-1] if len(ends) else 0], ends, reasons


def symbol_svgs(bytes codes not None, Py_ssize_t size, *, int modules=0, int columns=0,
                int kind=DM_GS1, int module_px=4, int quiet_zone=2):
    """Draw each code as an SVG file."""
    cdef _SymbolJob job = _picture_job(codes, size, modules, columns, kind, module_px, quiet_zone)
    cdef size_t stride = job.stride(), px = module_px, quiet = quiet_zone

    cdef cnp.ndarray out = np.empty(svg_bytes_max(&job.job) * job.job.count, np.uint8)
    cdef cnp.ndarray ends = np.empty(job.job.count, np.int64)
    cdef cnp.ndarray reasons = np.empty(job.job.count, np.uint8)
    cdef cnp.ndarray rows = np.empty(stride * DM_CHUNK, np.uint8)
    cdef uint8_t *out_at = <uint8_t *>cnp.PyArray_DATA(out)
    cdef int64_t *ends_at = <int64_t *>cnp.PyArray_DATA(ends)
    cdef uint8_t *reasons_at = <uint8_t *>cnp.PyArray_DATA(reasons)
    cdef uint8_t *rows_at = <uint8_t *>cnp.PyArray_DATA(rows)

    with nogil:
        dm_svgs(&job.job, px, quiet, job.scratch, rows_at, stride, out_at, ends_at, reasons_at)
    return out[: ends[-1] if len(ends) else 0], ends, reasons


_PIECE = np.dtype([("kind", np.uint32), ("start", np.uint32), ("size", np.uint32)])


def _read_pieces(columns, bytes head, bytes tail, Py_ssize_t size):
    """Return the pieces of all columns as rows, and their texts with the head in front."""
    texts, rows = bytearray(head), []
    if not columns or len({len(column) for column in columns}) != 1:
        raise ValueError("labels side by side are made of equally many pieces")
    for kind, *rest in itertools.chain.from_iterable(columns):
        start, count = 0, 0
        if not 0 <= kind < ZPL_PIECES:
            raise ValueError(f"there is no kind {kind} of piece")
        if kind == ZPL_TEXT:
            start, count = len(texts), len(rest[0])
            texts += rest[0]
        elif kind == ZPL_PART:
            start, count = rest
            if not 0 <= start <= start + count <= size:
                raise ValueError("a part lies outside the code")
        rows.append((kind, start, count))
    return np.array(rows, _PIECE), bytes(texts) + tail


def zpl_labels(bytes codes not None, Py_ssize_t size, columns, *, bytes head=b"", bytes tail=b"",
               int modules=0, int kind=DM_GS1, int module_px=4, uint64_t number=1):
    """Write rows of labels in ZPL."""
    cdef _SymbolJob job = _picture_job(codes, size, modules, 0, kind, module_px, 0)
    cdef size_t stride = job.stride()
    cdef bytes texts
    pieces, texts = _read_pieces(columns, head, tail, size)
    cdef cnp.ndarray piece_rows = pieces

    cdef cnp.ndarray design = np.empty(sizeof(zpl_design), np.uint8)
    cdef zpl_design *design_at = <zpl_design *>cnp.PyArray_DATA(design)
    design_at.texts = texts
    design_at.pieces = <const zpl_piece *>cnp.PyArray_DATA(piece_rows)
    design_at.across = len(columns)
    design_at.count = len(pieces) // len(columns)
    design_at.head_size = len(head)
    design_at.tail_size = len(tail)
    design_at.tail_start = len(texts) - len(tail)
    design_at.px = module_px
    design_at.number = number
    zpl_make_digits(design_at)
    cdef size_t label_rows = (job.job.count + design_at.across - 1) // design_at.across
    cdef cnp.ndarray out = np.empty(zpl_bytes_max(design_at, &job.job) * label_rows, np.uint8)
    cdef cnp.ndarray ends = np.empty(label_rows, np.int64)
    cdef cnp.ndarray reasons = np.empty(job.job.count, np.uint8)
    cdef cnp.ndarray rows = np.empty(stride * DM_CHUNK, np.uint8)
    cdef uint8_t *out_at = <uint8_t *>cnp.PyArray_DATA(out)
    cdef int64_t *ends_at = <int64_t *>cnp.PyArray_DATA(ends)
    cdef uint8_t *reasons_at = <uint8_t *>cnp.PyArray_DATA(reasons)
    cdef uint8_t *rows_at = <uint8_t *>cnp.PyArray_DATA(rows)

    with nogil:
        zpl_labels_(&job.job, design_at, job.scratch, rows_at, stride, out_at, ends_at, reasons_at)
    return out[: ends[-1] if len(ends) else 0], ends, reasons
