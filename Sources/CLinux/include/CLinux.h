#pragma once
// The kernel calls that Swift cannot import or that would cost it a struct conversion. Every function that can fail
// returns a negative errno value itself, so that nothing can run between the call and the reading of errno.
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/uio.h>

/// An IP address and port in host byte order. `family` is 4 or 6; an IPv4 address lies in the low 32 bits of `low`.
struct CLinux_address {
    uint64_t high;
    uint64_t low;
    uint16_t port;
    uint8_t family;
};

// Descriptors

int CLinux_close(int descriptor);
int CLinux_eventfd(void);
void CLinux_eventfd_signal(int descriptor);
void CLinux_eventfd_clear(int descriptor);

// Epoll; `events` say whether a descriptor is watched edge-triggered (EPOLLET)

int CLinux_epoll_create(void);
int CLinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t word);
int CLinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t word);
int CLinux_epoll_remove(int epoll, int descriptor);
/// Waits at most `timeout` nanoseconds, for ever when it is negative.
int CLinux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout);
uint64_t CLinux_event_word(const struct epoll_event *event);

// Sockets: all non-blocking, close-on-exec, without Nagle's algorithm

/// What sockets are made with beyond the usual; zero is nothing asked. Times in seconds.
struct CLinux_options {
    int keepalive_idle;
    int keepalive_interval;
    int keepalive_count;
    uint32_t mark;
    uint8_t has_mark;
    uint8_t multipath;
    uint8_t fast_open;
};

int CLinux_listen(const struct CLinux_address *address, int backlog, const struct CLinux_options *options);
/// Binds and releases the address, without sharing it.
int CLinux_check_free(const struct CLinux_address *address);
int CLinux_accept(int listener, struct CLinux_address *peer);
/// A socket whose connection is made or under way. Without `options`, `source` and `interface` it is a plain one. On
/// failure `*step` is 0 for the connection itself, else one of the numbers below.
int CLinux_connect(
    const struct CLinux_address *address,
    const struct CLinux_options *options,
    const struct CLinux_address *source,
    const char *interface,
    int *step
);
enum { CLinux_step_connect, CLinux_step_mark, CLinux_step_interface, CLinux_step_source, CLinux_step_keepalive };
int CLinux_local_address(int descriptor, struct CLinux_address *address);
/// The pending error of a socket as a positive errno value, 0 for none.
int CLinux_socket_error(int descriptor);
int CLinux_shutdown_write(int descriptor);
/// Makes the next close send RST and drop what was not sent.
int CLinux_reset_on_close(int descriptor);

ssize_t CLinux_read(int descriptor, void *buffer, size_t count);
ssize_t CLinux_readv(int descriptor, const void *vectors, int count);
ssize_t CLinux_write(int descriptor, const void *buffer, size_t count);
ssize_t CLinux_writev(int descriptor, const void *vectors, int count);
/// As read and write, of a socket: without what the kernel does for files besides.
ssize_t CLinux_receive(int descriptor, void *buffer, size_t count);
ssize_t CLinux_send(int descriptor, const void *buffer, size_t count);
/// As send, of bytes that others will follow at once.
ssize_t CLinux_send_before_more(int descriptor, const void *buffer, size_t count);
/// As read, leaving the bytes where they are.
ssize_t CLinux_peek(int descriptor, void *buffer, size_t count);
/// How often in a row the oldest unacknowledged bytes were sent again; 0 where nothing waits to be acknowledged.
int CLinux_retransmissions(int descriptor);

/// Bytes that were written to the socket and that the other end has not acknowledged, SIOCOUTQ; -1 where unknown.
int CLinux_unacknowledged(int descriptor);

// Datagrams

/// Binds a UDP socket. `flags` are those below; `buffer` bytes are asked for in each direction, 0 for what is usual.
int CLinux_bind_datagrams(const struct CLinux_address *address, int flags, int buffer);
/// A UDP socket of one family that sends; connected where there is a `remote`. `flags` and `buffer` as above.
int CLinux_open_datagrams(
    int is_v6,
    const struct CLinux_address *remote,
    const struct CLinux_options *options,
    const struct CLinux_address *source,
    const char *interface,
    int flags,
    int buffer
);
enum {
    /// Shares its address with the other loops' sockets.
    CLinux_datagrams_shared = 1,
    /// Says of what comes which address it was sent to.
    CLinux_datagrams_told_addresses = 2,
    /// Sends nothing in fragments.
    CLinux_datagrams_whole = 4,
    /// Takes what comes in a row as one.
    CLinux_datagrams_in_rows = 8,
};
/// Makes a socket that is bound already like one of `CLinux_bind_datagrams`.
void CLinux_prepare_datagrams(int descriptor, int is_v6, int flags, int buffer);
/// Takes what comes in a row as one from now on (UDP_GRO).
int CLinux_take_rows(int descriptor);
int CLinux_connect_datagrams(int descriptor, const struct CLinux_address *remote, int is_v6);
_Bool CLinux_is_datagrams(int descriptor);

/// A datagram that was received or is to be sent, or several of one size that lie one behind the other.
struct CLinux_datagram {
    void *base;
    size_t count;
    /// Receiving: bytes of room.
    size_t capacity;
    /// Where it comes from or goes to; family 0 where the socket is connected.
    struct CLinux_address peer;
    /// The address here, family 0 for none; the port is not used.
    struct CLinux_address local;
    /// Bytes of each of several, the last of which may be shorter; 0 for one.
    uint32_t segment;
    /// Sending: what the kernel says, 0 for nothing.
    int error;
    /// Receiving: it was longer than the room.
    _Bool is_cut;
};
enum { CLinux_datagram_batch = 16 };
/// Receives up to `CLinux_datagram_batch` datagrams at once; fewer than were asked for when no more wait.
int CLinux_receive_datagrams(int descriptor, struct CLinux_datagram *datagrams, int count);
/// Receives one datagram, of a socket that takes no rows and is not told addresses: 1, or an error.
int CLinux_receive_datagram(int descriptor, struct CLinux_datagram *datagram);
/// Sends up to `CLinux_datagram_batch` datagrams at once; each one's `error` says what came of it.
void CLinux_send_datagrams(int descriptor, int is_v6, struct CLinux_datagram *datagrams, int count);

// Congestion control

/// Selects an algorithm by its name, which ends with a zero byte.
int CLinux_set_congestion(int descriptor, const char *name);
/// The name of the algorithm that is selected, with a zero byte; `name` has room for 16 bytes.
int CLinux_get_congestion(int descriptor, char *name);
/// TCP Brutal's parameters: bytes per second, tenths, and the group, 0 for none. Only on a socket that has selected it.
int CLinux_set_brutal(int descriptor, uint64_t rate, uint32_t gain, uint64_t group);
/// The version of Brutal's kernel side: groups from 0x020000; an error with version 1.
int64_t CLinux_brutal_version(int descriptor);
/// Sends at most so many bytes per second, by the kernel's own clock; UINT64_MAX for no limit.
int CLinux_set_pacing(int descriptor, uint64_t rate);

/// Of TCP_INFO (linux/tcp.h).
struct CLinux_tcp_statistics {
    uint64_t sent;
    uint64_t retransmitted;
    /// Smoothed, in microseconds.
    uint32_t round_trip;
};
int CLinux_read_statistics(int descriptor, struct CLinux_tcp_statistics *statistics);

// Pipes, non-blocking and close-on-exec

/// Makes a pipe for `capacity` bytes, or what the kernel grants.
int CLinux_pipe(int descriptors[2], int capacity);
/// Moves up to `count` bytes between a pipe and a socket without copying them through the process.
ssize_t CLinux_splice(int from, int to, size_t count, int more);

// Process

uint64_t CLinux_monotonic_nanoseconds(void);
uint64_t CLinux_unix_seconds(void);
int CLinux_random(void *buffer, size_t count);
/// Raises the soft limit of open descriptors to the hard one and returns it.
int64_t CLinux_raise_descriptor_limit(void);
/// Names the calling thread, for those who look at the process.
void CLinux_name_thread(const char *name);
void CLinux_ignore_broken_pipes(void);
int CLinux_processor_count(void);
/// Gives free memory of the heap back to the system.
void CLinux_trim_heap(void);

/// Calls `visit` with every address of the host's interfaces.
int CLinux_own_addresses(void *context, void (*visit)(void *context, const struct CLinux_address *address));

// Files

/// Locks a byte of a file for the open file description, until that is closed by all who have it; -EAGAIN where another
/// one has it (fcntl(2), F_OFD_SETLK).
int CLinux_lock_byte(int descriptor, int64_t offset);
/// Whether another open file description has the byte locked.
_Bool CLinux_is_byte_locked(int descriptor, int64_t offset);

// Other processes

/// Two ends of a connection that keeps messages apart and can pass descriptors; blocking and close-on-exec.
int CLinux_message_pair(int descriptors[2]);
/// Sends a message with up to `CLinux_message_descriptors` descriptors, which stay open here as well.
int CLinux_send_message(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/// Waits at most `timeout` milliseconds for a message; gives its size, 0 where the other end is gone, -ETIMEDOUT, or
/// -EMSGSIZE for one that does not fit. `descriptors` has room for `CLinux_message_descriptors`.
ssize_t CLinux_receive_message(
    int socket,
    void *bytes,
    size_t capacity,
    int *descriptors,
    int *descriptor_count,
    int timeout
);
enum { CLinux_message_descriptors = 64 };

/// Starts a program as nobody's child, with `descriptor` as its descriptor 3 and no other than the standard ones; it
/// blocks and ignores no signal. Returns 0 once the program runs.
int CLinux_spawn_detached(const char *path, char *const arguments[], char *const environment[], int descriptor);
/// A file without a name, in memory.
int CLinux_memory_file(const char *name);
/// Whether the other ends of a pipe or a connection are all closed.
_Bool CLinux_is_hung_up(int descriptor);
/// Whether it is a TCP socket that listens.
_Bool CLinux_is_listening(int descriptor);
/// Makes a descriptor that came from elsewhere non-blocking and close-on-exec.
int CLinux_adopt(int descriptor);

// Mapped files whose disk may fail

/// From now on a store into the mapping that the disk does not take goes into a private copy of its page, by a handler of
/// SIGBUS. Guarded ranges do not overlap; -ENOSPC when there are 4,096 of them.
int CLinux_mapping_guard(void *start, size_t length);
/// Before the mapping is undone.
void CLinux_mapping_unguard(const void *start);
/// Makes the page around `address` a private copy of itself. One thread alone writes to it meanwhile: the caller's.
int CLinux_mapping_rescue(void *address);
/// Pages of the process that have become private copies.
unsigned CLinux_mapping_rescued(void);
