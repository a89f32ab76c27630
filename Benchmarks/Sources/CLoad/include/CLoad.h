// The calls that Swift cannot import evenly (epoll, accept4, socket addresses, batches of datagrams, clocks), with plain
// integers as parameters. Every function answers -1 and sets errno on failure, unless it says otherwise. Host
// addresses and ports are in host byte order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOAD_READABLE 0x001u
#define CLOAD_WRITABLE 0x004u
#define CLOAD_BROKEN 0x018u
#define CLOAD_EVENTS 256
#define CLOAD_BATCH 64

/// One readiness report: the token given to CLoad_watch and the interest bits that hold.
typedef struct {
    uint64_t token;
    uint32_t ready;
} CLoad_event;

/// One datagram of a batch: how long it is, and where it comes from or goes to.
typedef struct {
    uint32_t host;
    uint16_t port;
    uint16_t size;
} CLoad_datagram;

int CLoad_poller(void);
/// Registers a descriptor, or changes its interest when it is `known`. Level-triggered.
int CLoad_watch(int poller, int descriptor, bool known, uint32_t interest, uint64_t token);
/// Waits and copies at most CLOAD_EVENTS reports out; the count.
int CLoad_wait(int poller, CLoad_event *events, int capacity, int milliseconds);

int CLoad_listen(uint32_t host, uint16_t port, int backlog);
int CLoad_local_port(int descriptor);
/// The next connection, not blocking and without Nagle's delay.
int CLoad_accept(int listener);
/// Begins a connection from a source address; it is there, or has failed, when the socket becomes writable.
int CLoad_connect(uint32_t source, uint32_t host, uint16_t port);
/// The pending error of a socket, 0 for none.
int CLoad_socket_error(int descriptor);

long CLoad_send(int descriptor, const void *bytes, size_t count);
long CLoad_receive(int descriptor, void *bytes, size_t count);
/// Takes bytes out of the receive queue without copying them anywhere (tcp(7), MSG_TRUNC); the count.
long CLoad_discard(int descriptor, size_t count);

/// A UDP socket at an address, not blocking, with as much room for datagrams as the kernel gives.
int CLoad_bind_datagrams(uint32_t host, uint16_t port);
/// Lets a UDP socket send to one far end, and receive from no other.
int CLoad_connect_datagrams(int descriptor, uint32_t host, uint16_t port);
/// Receives at most CLOAD_BATCH datagrams: the bytes of the nth from n strides on. Longer ones are cut. The count.
int CLoad_receive_batch(int descriptor, void *bytes, size_t stride, CLoad_datagram *datagrams, int count);
/// Sends at most CLOAD_BATCH datagrams, laid out in the same way; to `host` 0 means to where the socket is connected.
/// How many the kernel took.
int CLoad_send_batch(int descriptor, const void *bytes, size_t stride, const CLoad_datagram *datagrams, int count);
/// Waits until a descriptor is readable, or until a moment of the monotonic clock, to the microsecond; whether it is
/// readable.
int CLoad_wait_until(int descriptor, int64_t moment);

/// Nanoseconds of CPU, user and system, that a process has used, with the threads that have ended.
int64_t CLoad_process_time(int32_t process);
/// Nanoseconds of the monotonic clock; cannot fail.
int64_t CLoad_now(void);
/// Names the calling thread; at most 15 bytes.
void CLoad_name_thread(const char *name);
