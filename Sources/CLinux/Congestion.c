// Which congestion control a TCP socket has, and how it does.
#include "CLinux.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { NAME = 16, BRUTAL_PARAMETERS = 23301, BRUTAL_VERSION = 23302 };

int CLinux_set_congestion(int descriptor, const char *name) {
    socklen_t count = (socklen_t)strnlen(name, NAME - 1);
    return setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, count) == -1 ? -errno : 0;
}

int CLinux_get_congestion(int descriptor, char *name) {
    socklen_t count = NAME;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, &count) == -1) return -errno;
    name[NAME - 1] = 0;
    return 0;
}

int CLinux_set_brutal(int descriptor, uint64_t rate, uint32_t gain, uint64_t group) {
    // Packed by hand; version 1 of the kernel module knows the first twelve bytes alone.
    unsigned char bytes[20];
    memcpy(bytes, &rate, 8);
    memcpy(bytes + 8, &gain, 4);
    memcpy(bytes + 12, &group, 8);
    socklen_t count = group == 0 ? 12 : 20;
    return setsockopt(descriptor, IPPROTO_TCP, BRUTAL_PARAMETERS, bytes, count) == -1 ? -errno : 0;
}

int64_t CLinux_brutal_version(int descriptor) {
    uint32_t version = 0;
    socklen_t count = sizeof version;
    return getsockopt(descriptor, IPPROTO_TCP, BRUTAL_VERSION, &version, &count) == -1 ? -errno : (int64_t)version;
}

int CLinux_set_pacing(int descriptor, uint64_t rate) {
    return setsockopt(descriptor, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate) == -1 ? -errno : 0;
}

int CLinux_read_statistics(int descriptor, struct CLinux_tcp_statistics *statistics) {
    struct tcp_info information;
    memset(&information, 0, sizeof information);
    socklen_t count = sizeof information;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &information, &count) == -1) return -errno;
    statistics->sent = information.tcpi_bytes_sent;
    statistics->retransmitted = information.tcpi_bytes_retrans;
    statistics->round_trip = information.tcpi_rtt;
    return 0;
}
