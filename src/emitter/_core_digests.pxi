# The part of the glass that hashes what is sent.

cdef extern from "digest.h" nogil:
    uint32_t DIGEST_SIZE
    uint64_t DIGEST_PIECE_ "DIGEST_PIECE"
    ctypedef struct digest_run "struct digest_run":
        pass
    uint64_t digest_count(uint64_t size)
    void digest_pieces(cpu_form cpu, digest_run *run, const uint8_t *text, uint64_t size,
                       uint8_t *digests)

DIGEST_PIECE = DIGEST_PIECE_


def piece_digests(const uint8_t[::1] text not None):
    """Hash each piece of DIGEST_PIECE bytes by SHA-256."""
    cdef uint64_t size = text.shape[0]
    cdef uint64_t count = digest_count(size)
    cdef digest_run run

    cdef bytes digests = PyBytes_FromStringAndSize(NULL, count * DIGEST_SIZE)
    cdef uint8_t *target = digests
    cdef const uint8_t *source = &text[0] if size else NULL

    with nogil:
        digest_pieces(_cpu, &run, source, size, target)
    return digests
