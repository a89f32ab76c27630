#include "CLoad.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CLOAD_READABLE == EPOLLIN, "the interest bits are those of epoll");
_Static_assert(CLOAD_WRITABLE == EPOLLOUT, "the interest bits are those of epoll");
_Static_assert(CLOAD_BROKEN == (EPOLLERR | EPOLLHUP), "the interest bits are those of epoll");

int CLoad_poller(void) { return epoll_create1(EPOLL_CLOEXEC); }

int CLoad_watch(int poller, int descriptor, bool known, uint32_t interest, uint64_t token) {
    struct epoll_event event = {.events = interest, .data.u64 = token};
    return epoll_ctl(poller, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
}

int CLoad_wait(int poller, CLoad_event *events, int capacity, int milliseconds) {
    struct epoll_event raw[CLOAD_EVENTS];
    int count = epoll_wait(poller, raw, capacity < CLOAD_EVENTS ? capacity : CLOAD_EVENTS, milliseconds);
    for (int i = 0; i < count; i++) events[i] = (CLoad_event){raw[i].data.u64, raw[i].events};
    return count;
}

enum { PROCESS_LIMIT = 1 << 22, DATAGRAM_ROOM = 4 << 20 };

static struct sockaddr_in socket_address(uint32_t host, uint16_t port) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
}

/// With Reno, whatever the system's default is, and so are those that it accepts: BBR would pace what the source sends
/// on the loopback, in so many small bursts that whoever reads them takes half as long again.
static int tcp_socket(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor != -1) setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    return descriptor;
}

static int close_and_fail(int descriptor) {
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}

int CLoad_listen(uint32_t host, uint16_t port, int backlog) {
    int descriptor = tcp_socket(), on = 1;
    if (descriptor == -1) return -1;
    struct sockaddr_in address = socket_address(host, port);
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == -1) return close_and_fail(descriptor);
    if (listen(descriptor, backlog) == -1) return close_and_fail(descriptor);
    return descriptor;
}

int CLoad_local_port(int descriptor) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) == -1) return -1;
    return ntohs(address.sin_port);
}

int CLoad_accept(int listener) {
    int on = 1, descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor != -1) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

int CLoad_connect(uint32_t source, uint32_t host, uint16_t port) {
    int descriptor = tcp_socket(), on = 1;
    if (descriptor == -1) return -1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The port is chosen at connect, when the far end is known: otherwise each source address had only one range of
    // ports for all the far ends together.
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in from = socket_address(source, 0), to = socket_address(host, port);
    if (bind(descriptor, (struct sockaddr *)&from, sizeof from) == -1) return close_and_fail(descriptor);
    if (connect(descriptor, (struct sockaddr *)&to, sizeof to) == -1 && errno != EINPROGRESS)
        return close_and_fail(descriptor);
    return descriptor;
}

int CLoad_socket_error(int descriptor) {
    int code = 0;
    socklen_t size = sizeof code;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == -1 ? errno : code;
}

long CLoad_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL);
}

long CLoad_receive(int descriptor, void *bytes, size_t count) { return recv(descriptor, bytes, count, 0); }

long CLoad_discard(int descriptor, size_t count) { return recv(descriptor, NULL, count, MSG_TRUNC); }

int CLoad_bind_datagrams(uint32_t host, uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), room = DATAGRAM_ROOM;
    if (descriptor == -1) return -1;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    struct sockaddr_in address = socket_address(host, port);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == -1) return close_and_fail(descriptor);
    return descriptor;
}

int CLoad_connect_datagrams(int descriptor, uint32_t host, uint16_t port) {
    struct sockaddr_in address = socket_address(host, port);
    return connect(descriptor, (struct sockaddr *)&address, sizeof address);
}

/// Lays out the messages of a batch over its bytes.
static int lay_out(struct mmsghdr *messages, struct iovec *parts, struct sockaddr_in *addresses, const void *bytes,
                   size_t stride, int count) {
    if (count > CLOAD_BATCH) count = CLOAD_BATCH;
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){(char *)bytes + stride * (size_t)i, stride};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &addresses[i], .msg_namelen = sizeof addresses[i], .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    return count;
}

int CLoad_receive_batch(int descriptor, void *bytes, size_t stride, CLoad_datagram *datagrams, int count) {
    struct mmsghdr messages[CLOAD_BATCH];
    struct iovec parts[CLOAD_BATCH];
    struct sockaddr_in addresses[CLOAD_BATCH];
    count = lay_out(messages, parts, addresses, bytes, stride, count);
    int received = recvmmsg(descriptor, messages, (unsigned)count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++)
        datagrams[i] = (CLoad_datagram){ntohl(addresses[i].sin_addr.s_addr), ntohs(addresses[i].sin_port),
                                        (uint16_t)messages[i].msg_len};
    return received;
}

int CLoad_send_batch(int descriptor, const void *bytes, size_t stride, const CLoad_datagram *datagrams, int count) {
    struct mmsghdr messages[CLOAD_BATCH];
    struct iovec parts[CLOAD_BATCH];
    struct sockaddr_in addresses[CLOAD_BATCH];
    count = lay_out(messages, parts, addresses, bytes, stride, count);
    for (int i = 0; i < count; i++) {
        parts[i].iov_len = datagrams[i].size;
        addresses[i] = socket_address(datagrams[i].host, datagrams[i].port);
        if (datagrams[i].host == 0) messages[i].msg_hdr.msg_name = NULL, messages[i].msg_hdr.msg_namelen = 0;
    }
    return sendmmsg(descriptor, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int CLoad_wait_until(int descriptor, int64_t moment) {
    // Without this the kernel adds up to 50 µs to every wait, to wake up less often.
    static _Thread_local bool is_sharp;
    if (!is_sharp) is_sharp = prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) == 0;
    int64_t rest = moment - CLoad_now();
    if (rest < 0) rest = 0;
    struct timespec time = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    return ppoll(&wanted, 1, &time, NULL);
}

int64_t CLoad_process_time(int32_t process) {
    clockid_t clock;
    struct timespec time;
    // 0 would be this process; above the kernel's highest id, the clock's name overflows into that of another.
    int code = process > 0 && process < PROCESS_LIMIT ? clock_getcpuclockid(process, &clock) : ESRCH;
    if (code != 0) {
        errno = code;
        return -1;
    }
    if (clock_gettime(clock, &time) == -1) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t CLoad_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void CLoad_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
