/* Records what a process writes below a directory, so that a test can tell what a power cut leaves.
 *
 * Preloaded, it stands in front of the C library's calls that change or sync a file. For those on
 * files of the directory RECORDER_DIRECTORY (a resolved path) it appends one record to the file
 * RECORDER_LOG once the call has succeeded:
 *
 *     struct record, the name below the directory, the bytes written (or the new name)
 *
 * Times are CLOCK_MONOTONIC, before and after the call. Calls on the directory's files take turns,
 * so records stand in the order of the calls. What it cannot see is a change through a mapping: the
 * test compares the file with what was recorded, so nothing can be missed in silence.
 *
 * With RECORDER_DIES=n the process ends, as by kill -9, in the n-th write that syncs by itself: the
 * bytes have reached the system's cache and nobody has waited for the disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, WRITE_THROUGH = 2, SYNC = 3, RESIZE = 4, RENAME = 5, UNKNOWN = 6 };

struct record {
    uint32_t kind, name_size;
    int64_t offset, size; /* of the bytes that follow; for RESIZE offset is the new size */
    int64_t begin_ns, end_ns;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH_MAX];
static size_t directory_size;
static int log_fd = -1;
static long writes_to_live = -1;

__attribute__((constructor)) static void open_log(void)
{
    const char *path = getenv("RECORDER_DIRECTORY"), *log = getenv("RECORDER_LOG");
    const char *dies = getenv("RECORDER_DIES");
    if (!path || !log)
        return;
    directory_size = strlen(path);
    memcpy(directory, path, directory_size + 1);
    if (dies)
        writes_to_live = atol(dies);
    log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The name below the directory ("" for itself), or NULL for what lies elsewhere. */
static const char *name_below(const char *path)
{
    if (log_fd < 0 || strncmp(path, directory, directory_size))
        return NULL;
    if (path[directory_size] == '/')
        return path + directory_size + 1;
    return path[directory_size] ? NULL : path + directory_size;
}

static const char *name_of(int fd, char path[PATH_MAX])
{
    struct stat status;
    char link[32];
    ssize_t size;
    if (log_fd < 0 || fstat(fd, &status) || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, PATH_MAX - 1);
    if (size < 0)
        return NULL;
    path[size] = 0;
    return name_below(path);
}

/* Append a record; a log that cannot be written ends the process, since the proof would be void. */
static void append(uint32_t kind, const char *name, int64_t offset, int64_t size, int64_t begin_ns,
                   const struct iovec *bytes, int count)
{
    struct record record = {kind, (uint32_t)strlen(name), offset, size, begin_ns, now_ns()};
    struct iovec parts[2] = {{&record, sizeof record}, {(void *)name, record.name_size}};
    int64_t left = size;
    if (syscall(SYS_writev, log_fd, parts, 2) != (long)(sizeof record + record.name_size))
        abort();
    for (int index = 0; index < count && left > 0; index++) {
        size_t part = (int64_t)bytes[index].iov_len < left ? bytes[index].iov_len : (size_t)left;
        if (syscall(SYS_write, log_fd, bytes[index].iov_base, part) != (long)part)
            abort();
        left -= (int64_t)part;
    }
}

/* Write without the sync that the descriptor asks for, and die. */
static void die_in_write(const char *name, const struct iovec *bytes, off_t offset, int64_t begin)
{
    char link[PATH_MAX + NAME_MAX + 2];
    snprintf(link, sizeof link, "%s/%s", directory, name);
    int fd = open(link, O_WRONLY | O_CLOEXEC);
    if (syscall(SYS_pwrite64, fd, bytes->iov_base, bytes->iov_len, offset) != (long)bytes->iov_len)
        abort();
    append(WRITE, name, offset, (int64_t)bytes->iov_len, begin, bytes, 1);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Every kind of write ends here; offset -1 is the descriptor's own place. */
static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t offset)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    ssize_t size;
    if (!name)
        return offset < 0 ? syscall(SYS_writev, fd, parts, count)
                          : syscall(SYS_pwritev, fd, parts, count, offset, 0L);
    pthread_mutex_lock(&turn);
    int flags = fcntl(fd, F_GETFL);
    off_t place = offset;
    if (place < 0)
        place = lseek(fd, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
    int64_t begin = now_ns();
    if ((flags & O_DSYNC) && count == 1 && writes_to_live > 0 && --writes_to_live == 0)
        die_in_write(name, parts, place, begin);
    size = offset < 0 ? syscall(SYS_writev, fd, parts, count)
                      : syscall(SYS_pwritev, fd, parts, count, offset, 0L);
    if (size > 0)
        append(flags & O_DSYNC ? WRITE_THROUGH : WRITE, name, place, size, begin, parts, count);
    pthread_mutex_unlock(&turn);
    return size;
}

static int sync_file(int fd, long call)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return (int)syscall(call, fd);
    int64_t begin = now_ns(); /* not in turn: whoever writes meanwhile is not covered */
    int failed = (int)syscall(call, fd);
    if (!failed) {
        pthread_mutex_lock(&turn);
        append(SYNC, name, 0, 0, begin, NULL, 0);
        pthread_mutex_unlock(&turn);
    }
    return failed;
}

static int resize(int fd, off_t size)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&turn);
    int64_t begin = now_ns();
    int failed = (int)syscall(SYS_ftruncate, fd, size);
    if (!failed)
        append(RESIZE, name, size, 0, begin, NULL, 0);
    pthread_mutex_unlock(&turn);
    return failed;
}

/* A call that changes a file in a way the test has no picture of: it is told, not played. */
static void tell_unknown(const char *name)
{
    if (!name)
        return;
    pthread_mutex_lock(&turn);
    append(UNKNOWN, name, 0, 0, now_ns(), NULL, 0);
    pthread_mutex_unlock(&turn);
}

static void tell_unknown_path(const char *path)
{
    char resolved[PATH_MAX];
    if (log_fd >= 0 && realpath(path, resolved))
        tell_unknown(name_below(resolved));
}

static void tell_unknown_fd(int fd)
{
    char path[PATH_MAX];
    tell_unknown(name_of(fd, path));
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct iovec part = {(void *)bytes, size};
    return write_parts(fd, &part, 1, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    struct iovec part = {(void *)bytes, size};
    return write_parts(fd, &part, 1, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_parts(fd, parts, count, -1);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return write_parts(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return write_parts(fd, parts, count, offset);
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }

int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t size) { return resize(fd, size); }

int ftruncate64(int fd, off64_t size) { return resize(fd, size); }

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    tell_unknown_fd(fd);
    return (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
    return fallocate(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    static int (*real)(int, off_t, off_t);
    if (!real)
        real = (int (*)(int, off_t, off_t))dlsym(RTLD_NEXT, "posix_fallocate");
    tell_unknown_fd(fd);
    return real(fd, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    return posix_fallocate(fd, offset, size);
}

int msync(void *address, size_t size, int flags)
{
    if (log_fd >= 0)
        tell_unknown("msync");
    return (int)syscall(SYS_msync, address, size, flags);
}

int rename(const char *old, const char *new)
{
    char old_path[PATH_MAX], new_path[PATH_MAX];
    const char *name = realpath(old, old_path) ? name_below(old_path) : NULL;
    int64_t begin = now_ns();
    int failed = (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
    const char *new_name = !failed && realpath(new, new_path) ? name_below(new_path) : NULL;
    if (name && new_name) {
        struct iovec bytes = {(void *)new_name, strlen(new_name)};
        pthread_mutex_lock(&turn);
        append(RENAME, name, 0, (int64_t)bytes.iov_len, begin, &bytes, 1);
        pthread_mutex_unlock(&turn);
    } else {
        tell_unknown(name ? name : new_name);
    }
    return failed;
}

int unlink(const char *path)
{
    tell_unknown_path(path);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
