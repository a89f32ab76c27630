// Counts what a program asks of the kernel and of the heap, for Tests/EndToEndTests/Costs only.
//
// Preloaded, it stands in front of the C library's functions and counts their calls, one 64-bit number for each, in the
// file that CAUSEWAY_CALL_COUNTS names. The file describes itself: entries of 16 bytes of name and 8 bytes of number.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum slot {
    allocation, slot_accept4, slot_bind, slot_close, slot_connect, slot_dup, slot_epoll_ctl, slot_epoll_wait,
    slot_eventfd, slot_fcntl, slot_getpeername, slot_getrandom, slot_getsockname, slot_getsockopt, slot_ioctl,
    slot_madvise, slot_mmap, slot_munmap, slot_pipe2, slot_read, slot_readv, slot_recv, slot_recvfrom, slot_recvmmsg,
    slot_recvmsg, slot_send, slot_sendmmsg, slot_sendmsg, slot_sendto, slot_setsockopt, slot_shutdown, slot_socket,
    slot_splice, slot_timerfd_settime, slot_write, slot_writev, slot_count
};

struct entry {
    char name[16];
    _Atomic uint64_t count;
};

static const char *const names[slot_count] = {
    "allocation", "accept4", "bind", "close", "connect", "dup", "epoll_ctl", "epoll_wait", "eventfd", "fcntl",
    "getpeername", "getrandom", "getsockname", "getsockopt", "ioctl", "madvise", "mmap", "munmap", "pipe2", "read",
    "readv", "recv", "recvfrom", "recvmmsg", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt",
    "shutdown", "socket", "splice", "timerfd_settime", "write", "writev",
};

// Until the file is there, and in a program that has none, calls are counted where nobody reads them.
static struct entry nowhere[slot_count];
static struct entry *entries = nowhere;

static inline void count(enum slot slot) {
    atomic_fetch_add_explicit(&entries[slot].count, 1, memory_order_relaxed);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CAUSEWAY_CALL_COUNTS");
    if (!path) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof nowhere) != 0) return;
    struct entry *shared = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (close)(file);
    if (shared == MAP_FAILED) return;
    for (int slot = 0; slot < slot_count; slot++) strncpy(shared[slot].name, names[slot], sizeof shared[slot].name - 1);
    entries = shared;
}

// MARK: - The heap

// Looking these up would allocate.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) { count(allocation); return __libc_malloc(size); }
void *calloc(size_t number, size_t size) { count(allocation); return __libc_calloc(number, size); }
void *realloc(void *memory, size_t size) { count(allocation); return __libc_realloc(memory, size); }
void *aligned_alloc(size_t alignment, size_t size) { count(allocation); return __libc_memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    count(allocation);
    void *found = __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *memory = found;
    return 0;
}

// MARK: - The kernel

#define COUNTED(result, name, parameters, ...)                                                                         \
    result name parameters {                                                                                           \
        static result(*next) parameters;                                                                               \
        if (!next) next = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                               \
        count(slot_##name);                                                                                            \
        return next(__VA_ARGS__);                                                                                      \
    }

// Those that take what is asked for as they like: what they get is passed on as a pointer, which holds any of it.
#define COUNTED_VARIADIC(name, request)                                                                                \
    int name(int s, request r, ...) {                                                                                  \
        static int (*next)(int, request, ...);                                                                         \
        if (!next) next = (int (*)(int, request, ...))dlsym(RTLD_NEXT, #name);                                         \
        count(slot_##name);                                                                                            \
        va_list rest;                                                                                                  \
        va_start(rest, r);                                                                                             \
        void *argument = va_arg(rest, void *);                                                                         \
        va_end(rest);                                                                                                  \
        return next(s, r, argument);                                                                                   \
    }

COUNTED(int, accept4, (int s, __SOCKADDR_ARG a, socklen_t *restrict n, int f), s, a, n, f)
COUNTED(int, bind, (int s, __CONST_SOCKADDR_ARG a, socklen_t n), s, a, n)
COUNTED(int, close, (int s), s)
COUNTED(int, connect, (int s, __CONST_SOCKADDR_ARG a, socklen_t n), s, a, n)
COUNTED(int, dup, (int s), s)
COUNTED(int, epoll_ctl, (int p, int o, int s, struct epoll_event *e), p, o, s, e)
COUNTED(int, epoll_wait, (int p, struct epoll_event *e, int n, int t), p, e, n, t)
COUNTED(int, eventfd, (unsigned v, int f), v, f)
COUNTED_VARIADIC(fcntl, int)
COUNTED(int, getpeername, (int s, __SOCKADDR_ARG a, socklen_t *restrict n), s, a, n)
COUNTED(ssize_t, getrandom, (void *b, size_t n, unsigned f), b, n, f)
COUNTED(int, getsockname, (int s, __SOCKADDR_ARG a, socklen_t *restrict n), s, a, n)
COUNTED(int, getsockopt, (int s, int l, int o, void *restrict v, socklen_t *restrict n), s, l, o, v, n)
COUNTED_VARIADIC(ioctl, unsigned long)
COUNTED(int, madvise, (void *b, size_t n, int a), b, n, a)
COUNTED(void *, mmap, (void *b, size_t n, int p, int f, int s, off_t o), b, n, p, f, s, o)
COUNTED(int, munmap, (void *b, size_t n), b, n)
COUNTED(int, pipe2, (int *p, int f), p, f)
COUNTED(ssize_t, read, (int s, void *b, size_t n), s, b, n)
COUNTED(ssize_t, readv, (int s, const struct iovec *v, int n), s, v, n)
COUNTED(ssize_t, recv, (int s, void *b, size_t n, int f), s, b, n, f)
COUNTED(ssize_t, recvfrom, (int s, void *b, size_t n, int f, __SOCKADDR_ARG a, socklen_t *c), s, b, n, f, a, c)
COUNTED(int, recvmmsg, (int s, struct mmsghdr *m, unsigned n, int f, struct timespec *t), s, m, n, f, t)
COUNTED(ssize_t, recvmsg, (int s, struct msghdr *m, int f), s, m, f)
COUNTED(ssize_t, send, (int s, const void *b, size_t n, int f), s, b, n, f)
COUNTED(int, sendmmsg, (int s, struct mmsghdr *m, unsigned n, int f), s, m, n, f)
COUNTED(ssize_t, sendmsg, (int s, const struct msghdr *m, int f), s, m, f)
COUNTED(ssize_t, sendto, (int s, const void *b, size_t n, int f, __CONST_SOCKADDR_ARG a, socklen_t c), s, b, n, f, a, c)
COUNTED(int, setsockopt, (int s, int l, int o, const void *v, socklen_t n), s, l, o, v, n)
COUNTED(int, shutdown, (int s, int h), s, h)
COUNTED(int, socket, (int d, int t, int p), d, t, p)
COUNTED(ssize_t, splice, (int i, off64_t *a, int o, off64_t *b, size_t n, unsigned f), i, a, o, b, n, f)
COUNTED(int, timerfd_settime, (int t, int f, const struct itimerspec *n, struct itimerspec *o), t, f, n, o)
COUNTED(ssize_t, write, (int s, const void *b, size_t n), s, b, n)
COUNTED(ssize_t, writev, (int s, const struct iovec *v, int n), s, v, n)
