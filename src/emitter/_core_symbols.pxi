# The part of the glass that draws: marking codes as GS1 DataMatrix symbols and print-ready bytes.

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

SYMBOL_GS1 = DM_GS1
SYMBOL_GS1_GS = DM_GS1_GS
SYMBOL_PLAIN = DM_PLAIN

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
