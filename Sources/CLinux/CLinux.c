#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Swift hands regions to readv and writev as they lie in memory: a base address and a count.
_Static_assert(sizeof(struct iovec) == 16, "a region is laid out like struct iovec");

#define RETRY(result, call) do { (result) = (call); } while ((result) == -1 && errno == EINTR)
#define RESULT(result) ((result) == -1 ? -errno : (result))

// MARK: - Descriptors

int CLinux_close(int descriptor) {
    // Linux releases the descriptor even when close is interrupted: never again.
    return close(descriptor) == -1 && errno != EINTR ? -errno : 0;
}

int CLinux_eventfd(void) {
    int result = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return RESULT(result);
}

void CLinux_eventfd_signal(int descriptor) { eventfd_write(descriptor, 1); }

void CLinux_eventfd_clear(int descriptor) {
    eventfd_t value;
    eventfd_read(descriptor, &value);
}

// MARK: - Epoll

int CLinux_epoll_create(void) {
    int result = epoll_create1(EPOLL_CLOEXEC);
    return RESULT(result);
}

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t word) {
    struct epoll_event event = {.events = events, .data = {.u64 = word}};
    int result = epoll_ctl(epoll, operation, descriptor, &event);
    return RESULT(result);
}

int CLinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t word) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, word);
}

int CLinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t word) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, word);
}

int CLinux_epoll_remove(int epoll, int descriptor) {
    return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int CLinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout) {
    // Whole milliseconds, rounded up: a timer never fires early and the loop never spins towards it.
    int milliseconds = timeout < 0 ? -1 : timeout > 3600000000000 ? 3600000 : (int)((timeout + 999999) / 1000000);
    int result = epoll_wait(epoll, events, capacity, milliseconds);
    if (result == -1) return errno == EINTR ? 0 : -errno;
    return result;
}

uint64_t CLinux_event_word(const struct epoll_event *event) { return event->data.u64; }

// MARK: - Addresses

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

static socklen_t encode(const struct CLinux_address *address, union socket_address *out) {
    memset(out, 0, sizeof *out);
    if (address->family == 4) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(address->port);
        out->v4.sin_addr.s_addr = htonl((uint32_t)address->low);
        return sizeof out->v4;
    }
    uint64_t high = htobe64(address->high), low = htobe64(address->low);
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(address->port);
    memcpy(out->v6.sin6_addr.s6_addr, &high, 8);
    memcpy(out->v6.sin6_addr.s6_addr + 8, &low, 8);
    return sizeof out->v6;
}

static void decode(const struct sockaddr *address, struct CLinux_address *out) {
    memset(out, 0, sizeof *out);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        out->family = 4;
        out->port = ntohs(v4->sin_port);
        out->low = ntohl(v4->sin_addr.s_addr);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        uint64_t high, low;
        memcpy(&high, v6->sin6_addr.s6_addr, 8);
        memcpy(&low, v6->sin6_addr.s6_addr + 8, 8);
        out->family = 6;
        out->port = ntohs(v6->sin6_port);
        out->high = be64toh(high);
        out->low = be64toh(low);
    }
}

// MARK: - Sockets

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif

static int open_socket(const struct CLinux_address *address, int multipath) {
    int family = address->family == 4 ? AF_INET : AF_INET6;
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    // A kernel without MPTCP, or told not to, has TCP.
    int descriptor = multipath ? socket(family, type, IPPROTO_MPTCP) : -1;
    if (descriptor == -1) descriptor = socket(family, type, IPPROTO_TCP);
    if (descriptor == -1) return -errno;
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
    return descriptor;
}

static int set(int descriptor, int level, int name, int value) {
    return setsockopt(descriptor, level, name, &value, sizeof value) == -1 ? -errno : 0;
}

static int keep_alive(int descriptor, const struct CLinux_options *options) {
    if (!options->keepalive_idle) return 0;
    int result = set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (!result) result = set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, options->keepalive_idle);
    if (!result) result = set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, options->keepalive_interval);
    if (!result) result = set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, options->keepalive_count);
    return result;
}

static int bound_socket(const struct CLinux_address *address, int share, int multipath) {
    int descriptor = open_socket(address, multipath);
    if (descriptor < 0) return descriptor;
    int on = 1, off = 0;
    union socket_address encoded;
    socklen_t count = encode(address, &encoded);
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->family == 6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if ((share && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1)
        || bind(descriptor, &encoded.any, count) == -1) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int CLinux_check_free(const struct CLinux_address *address) {
    int descriptor = bound_socket(address, 0, 0);
    if (descriptor < 0) return descriptor;
    close(descriptor);
    return 0;
}

// Cookies of connections whose first bytes came with the SYN and that wait to be accepted.
static const int fast_open_queue = 256;

int CLinux_listen(const struct CLinux_address *address, int backlog, const struct CLinux_options *options) {
    int descriptor = bound_socket(address, 1, options->multipath);
    if (descriptor < 0) return descriptor;
    int result = keep_alive(descriptor, options);  // accepted sockets inherit it
    if (result < 0) {
        close(descriptor);
        return result;
    }
    // Where the system forbids it, connections come without.
    if (options->fast_open) set(descriptor, IPPROTO_TCP, TCP_FASTOPEN, fast_open_queue);
    if (listen(descriptor, backlog) == -1) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int CLinux_accept(int listener, struct CLinux_address *peer) {
    union socket_address address;
    socklen_t count = sizeof address;
    int result;
    RETRY(result, accept4(listener, &address.any, &count, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (result == -1) return -errno;
    decode(&address.any, peer);
    return result;
}

static int prepare(
    int descriptor,
    const struct CLinux_options *options,
    const struct CLinux_address *source,
    const char *interface,
    int *step
) {
    int result = 0;
    if (options && options->has_mark) {
        *step = CLinux_step_mark;
        if ((result = set(descriptor, SOL_SOCKET, SO_MARK, (int)options->mark)) < 0) return result;
    }
    if (interface) {
        *step = CLinux_step_interface;
        if (setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) == -1) return -errno;
    }
    if (source) {
        *step = CLinux_step_source;
        union socket_address encoded;
        socklen_t count = encode(source, &encoded);
        // The port is chosen when the target is known, so that connections to different targets can share one.
        set(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        if (bind(descriptor, &encoded.any, count) == -1) return -errno;
    }
    if (options) {
        *step = CLinux_step_keepalive;
        if ((result = keep_alive(descriptor, options)) < 0) return result;
        // Where the system forbids it, the connection is made as usual.
        if (options->fast_open) set(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    }
    *step = CLinux_step_connect;
    return 0;
}

int CLinux_connect(
    const struct CLinux_address *address,
    const struct CLinux_options *options,
    const struct CLinux_address *source,
    const char *interface,
    int *step
) {
    *step = CLinux_step_connect;
    int descriptor = open_socket(address, options && options->multipath);
    if (descriptor < 0) return descriptor;
    int result = prepare(descriptor, options, source, interface, step);
    if (result < 0) {
        close(descriptor);
        return result;
    }
    union socket_address encoded;
    socklen_t count = encode(address, &encoded);
    RETRY(result, connect(descriptor, &encoded.any, count));
    if (result == -1 && errno != EINPROGRESS && errno != EALREADY) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int CLinux_local_address(int descriptor, struct CLinux_address *address) {
    union socket_address encoded;
    socklen_t count = sizeof encoded;
    if (getsockname(descriptor, &encoded.any, &count) == -1) return -errno;
    decode(&encoded.any, address);
    return 0;
}

int CLinux_socket_error(int descriptor) {
    int error = 0;
    socklen_t count = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &count) == -1 ? errno : error;
}

int CLinux_shutdown_write(int descriptor) {
    return shutdown(descriptor, SHUT_WR) == -1 ? -errno : 0;
}

int CLinux_reset_on_close(int descriptor) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == -1 ? -errno : 0;
}

ssize_t CLinux_read(int descriptor, void *buffer, size_t count) {
    ssize_t result;
    RETRY(result, read(descriptor, buffer, count));
    return RESULT(result);
}

ssize_t CLinux_readv(int descriptor, const void *vectors, int count) {
    ssize_t result;
    RETRY(result, readv(descriptor, vectors, count));
    return RESULT(result);
}

ssize_t CLinux_write(int descriptor, const void *buffer, size_t count) {
    ssize_t result;
    RETRY(result, write(descriptor, buffer, count));
    return RESULT(result);
}

ssize_t CLinux_writev(int descriptor, const void *vectors, int count) {
    ssize_t result;
    RETRY(result, writev(descriptor, vectors, count));
    return RESULT(result);
}

ssize_t CLinux_receive(int descriptor, void *buffer, size_t count) {
    ssize_t result;
    RETRY(result, recv(descriptor, buffer, count, 0));
    return RESULT(result);
}

ssize_t CLinux_send(int descriptor, const void *buffer, size_t count) {
    ssize_t result;
    RETRY(result, send(descriptor, buffer, count, MSG_NOSIGNAL));
    return RESULT(result);
}

ssize_t CLinux_send_before_more(int descriptor, const void *buffer, size_t count) {
    ssize_t result;
    RETRY(result, send(descriptor, buffer, count, MSG_MORE | MSG_NOSIGNAL));
    return RESULT(result);
}

ssize_t CLinux_peek(int descriptor, void *buffer, size_t count) {
    ssize_t result;
    RETRY(result, recv(descriptor, buffer, count, MSG_PEEK));
    return RESULT(result);
}

int CLinux_retransmissions(int descriptor) {
    struct tcp_info info;
    socklen_t count = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &count) == -1) return 0;
    return info.tcpi_unacked ? info.tcpi_retransmits : 0;
}

int CLinux_unacknowledged(int descriptor) {
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) == -1 ? -1 : count;
}

// MARK: - Pipes

int CLinux_pipe(int descriptors[2], int capacity) {
    if (pipe2(descriptors, O_CLOEXEC | O_NONBLOCK) == -1) return -errno;
    // Without privilege and with many pipes open the kernel grants less; then the pipe stays as it is.
    fcntl(descriptors[1], F_SETPIPE_SZ, capacity);
    return 0;
}

ssize_t CLinux_splice(int from, int to, size_t count, int more) {
    ssize_t result;
    unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0);
    RETRY(result, splice(from, NULL, to, NULL, count, flags));
    return RESULT(result);
}

// MARK: - Process

uint64_t CLinux_monotonic_nanoseconds(void) {
    struct timespec time;
    // Counts while the host sleeps, so that what must be remembered for a minute is not forgotten after a nap.
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t CLinux_unix_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return (uint64_t)time.tv_sec;
}

int CLinux_random(void *buffer, size_t count) {
    size_t filled = 0;
    while (filled < count) {
        ssize_t result = getrandom((char *)buffer + filled, count - filled, 0);
        if (result == -1 && errno != EINTR) return -errno;
        if (result > 0) filled += (size_t)result;
    }
    return 0;
}

int64_t CLinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1) return -errno;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) == -1) getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)limit.rlim_cur;
}

void CLinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void CLinux_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

int CLinux_processor_count(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == -1 ? 1 : CPU_COUNT(&set);
}

int CLinux_own_addresses(void *context, void (*visit)(void *context, const struct CLinux_address *address)) {
    struct ifaddrs *list;
    if (getifaddrs(&list) == -1) return -errno;
    for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr) continue;
        struct CLinux_address address;
        decode(entry->ifa_addr, &address);
        if (address.family) visit(context, &address);
    }
    freeifaddrs(list);
    return 0;
}

void CLinux_trim_heap(void) { malloc_trim(0); }

int CLinux_lock_byte(int descriptor, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return fcntl(descriptor, F_OFD_SETLK, &lock) == 0 ? 0 : -errno;
}

_Bool CLinux_is_byte_locked(int descriptor, int64_t offset) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    return fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
