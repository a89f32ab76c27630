#include "CLinux.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define RETRY(result, call) do { (result) = (call); } while ((result) == -1 && errno == EINTR)

union datagram_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Room for the address that a datagram goes to or comes from, and for the size of its segments.
union control {
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

// MARK: - Addresses

static void map(uint32_t v4, struct in6_addr *out) {
    uint32_t prefix = htonl(0xffff), address = htonl(v4);
    memset(out, 0, sizeof *out);
    memcpy(out->s6_addr + 8, &prefix, 4);
    memcpy(out->s6_addr + 12, &address, 4);
}

static void write_v6(const struct CLinux_address *address, struct in6_addr *out) {
    if (address->family == 4) {
        map((uint32_t)address->low, out);
        return;
    }
    uint64_t high = htobe64(address->high), low = htobe64(address->low);
    memcpy(out->s6_addr, &high, 8);
    memcpy(out->s6_addr + 8, &low, 8);
}

static void read_v6(const struct in6_addr *in, struct CLinux_address *out) {
    uint64_t high, low;
    memcpy(&high, in->s6_addr, 8);
    memcpy(&low, in->s6_addr + 8, 8);
    out->family = 6;
    out->high = be64toh(high);
    out->low = be64toh(low);
}

// A socket of IPv6 takes IPv4 addresses as mapped ones.
static socklen_t encode(const struct CLinux_address *address, int is_v6, union datagram_address *out) {
    if (!is_v6) {
        out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(address->port)};
        out->v4.sin_addr.s_addr = htonl((uint32_t)address->low);
        return sizeof out->v4;
    }
    out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    write_v6(address, &out->v6.sin6_addr);
    return sizeof out->v6;
}

static void decode(const union datagram_address *address, struct CLinux_address *out) {
    if (address->any.sa_family == AF_INET) {
        *out = (struct CLinux_address){
            .family = 4, .port = ntohs(address->v4.sin_port), .low = ntohl(address->v4.sin_addr.s_addr)
        };
    } else if (address->any.sa_family == AF_INET6) {
        *out = (struct CLinux_address){.port = ntohs(address->v6.sin6_port)};
        read_v6(&address->v6.sin6_addr, out);
    } else {
        *out = (struct CLinux_address){0};
    }
}

// MARK: - Sockets

static int set(int descriptor, int level, int name, int value) {
    return setsockopt(descriptor, level, name, &value, sizeof value) == -1 ? -errno : 0;
}

static int failed(int descriptor) {
    int error = errno;
    close(descriptor);
    return -error;
}

static int open_socket(int is_v6) {
    int type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int descriptor = socket(is_v6 ? AF_INET6 : AF_INET, type, IPPROTO_UDP);
    return descriptor == -1 ? -errno : descriptor;
}

// Never in fragments: what does not fit the path is told to the sender of it.
static void forbid_fragments(int descriptor, int is_v6) {
    set(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    if (is_v6) set(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
}

void CLinux_prepare_datagrams(int descriptor, int is_v6, int flags, int buffer) {
    // On an address for all, answers leave from the one that was asked.
    if (flags & CLinux_datagrams_told_addresses) {
        if (is_v6) set(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        else set(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
    }
    if (flags & CLinux_datagrams_whole) forbid_fragments(descriptor, is_v6);
    if (buffer > 0) {
        set(descriptor, SOL_SOCKET, SO_RCVBUF, buffer);
        set(descriptor, SOL_SOCKET, SO_SNDBUF, buffer);
    }
    if (flags & CLinux_datagrams_in_rows) CLinux_take_rows(descriptor);
}

int CLinux_take_rows(int descriptor) {
    return set(descriptor, IPPROTO_UDP, UDP_GRO, 1);
}

int CLinux_bind_datagrams(const struct CLinux_address *address, int flags, int buffer) {
    int is_v6 = address->family == 6;
    int descriptor = open_socket(is_v6);
    if (descriptor < 0) return descriptor;
    if (is_v6) set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if ((flags & CLinux_datagrams_shared) && set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) < 0) return failed(descriptor);
    union datagram_address encoded;
    socklen_t count = encode(address, is_v6, &encoded);
    if (bind(descriptor, &encoded.any, count) == -1) return failed(descriptor);
    CLinux_prepare_datagrams(descriptor, is_v6, flags, buffer);
    return descriptor;
}

int CLinux_open_datagrams(
    int is_v6,
    const struct CLinux_address *remote,
    const struct CLinux_options *options,
    const struct CLinux_address *source,
    const char *interface,
    int flags,
    int buffer
) {
    int descriptor = open_socket(is_v6);
    if (descriptor < 0) return descriptor;
    union datagram_address encoded;
    if (is_v6) set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (options && options->has_mark && set(descriptor, SOL_SOCKET, SO_MARK, (int)options->mark) < 0) return failed(descriptor);
    if (interface && setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) == -1) {
        return failed(descriptor);
    }
    if (source) {
        socklen_t count = encode(source, is_v6, &encoded);
        if (bind(descriptor, &encoded.any, count) == -1) return failed(descriptor);
    }
    CLinux_prepare_datagrams(descriptor, is_v6, flags, buffer);
    if (remote) {
        socklen_t count = encode(remote, is_v6, &encoded);
        if (connect(descriptor, &encoded.any, count) == -1) return failed(descriptor);
    }
    return descriptor;
}

int CLinux_connect_datagrams(int descriptor, const struct CLinux_address *remote, int is_v6) {
    union datagram_address encoded;
    socklen_t count = encode(remote, is_v6, &encoded);
    return connect(descriptor, &encoded.any, count) == -1 ? -errno : 0;
}

_Bool CLinux_is_datagrams(int descriptor) {
    int type = 0;
    socklen_t count = sizeof type;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &count) == 0 && type == SOCK_DGRAM;
}

// MARK: - Receiving

static void read_control(struct msghdr *header, struct CLinux_datagram *datagram) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level == IPPROTO_UDP && part->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(part), sizeof segment);
            datagram->segment = (uint32_t)segment;
        } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(part), sizeof info);
            datagram->local = (struct CLinux_address){.family = 4, .low = ntohl(info.ipi_addr.s_addr)};
        } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(part), sizeof info);
            datagram->local = (struct CLinux_address){0};
            read_v6(&info.ipi6_addr, &datagram->local);
        }
    }
}

int CLinux_receive_datagrams(int descriptor, struct CLinux_datagram *datagrams, int count) {
    struct mmsghdr headers[CLinux_datagram_batch];
    struct iovec vectors[CLinux_datagram_batch];
    union datagram_address peers[CLinux_datagram_batch];
    union control controls[CLinux_datagram_batch];
    if (count > CLinux_datagram_batch) count = CLinux_datagram_batch;
    for (int index = 0; index < count; index++) {
        vectors[index] = (struct iovec){.iov_base = datagrams[index].base, .iov_len = datagrams[index].capacity};
        headers[index].msg_hdr = (struct msghdr){
            .msg_name = &peers[index],
            .msg_namelen = sizeof peers[index],
            .msg_iov = &vectors[index],
            .msg_iovlen = 1,
            .msg_control = &controls[index],
            .msg_controllen = sizeof controls[index],
        };
    }
    int result;
    RETRY(result, recvmmsg(descriptor, headers, (unsigned)count, MSG_DONTWAIT, NULL));
    if (result == -1) return -errno;
    for (int index = 0; index < result; index++) {
        struct msghdr *header = &headers[index].msg_hdr;
        struct CLinux_datagram *datagram = &datagrams[index];
        // Cut off by our own buffer: nobody can use it.
        datagram->count = header->msg_flags & MSG_TRUNC ? 0 : headers[index].msg_len;
        datagram->is_cut = (header->msg_flags & MSG_TRUNC) != 0;
        datagram->segment = 0;
        datagram->local.family = 0;
        if (header->msg_namelen > 0) decode(&peers[index], &datagram->peer);
        else datagram->peer.family = 0;
        if (header->msg_controllen > 0) read_control(header, datagram);
    }
    return result;
}

int CLinux_receive_datagram(int descriptor, struct CLinux_datagram *datagram) {
    union datagram_address peer;
    socklen_t peer_count = sizeof peer;
    ssize_t result;
    RETRY(result, recvfrom(descriptor, datagram->base, datagram->capacity, MSG_DONTWAIT | MSG_TRUNC,
                           &peer.any, &peer_count));
    if (result == -1) return -errno;
    datagram->is_cut = (size_t)result > datagram->capacity;
    datagram->count = datagram->is_cut ? 0 : (size_t)result;
    datagram->segment = 0;
    datagram->local.family = 0;
    if (peer_count > 0) decode(&peer, &datagram->peer);
    else datagram->peer.family = 0;
    return 1;
}

// MARK: - Sending

static void write_control(struct msghdr *header, union control *control, int is_v6, const struct CLinux_datagram *datagram) {
    header->msg_control = control;
    header->msg_controllen = sizeof *control;
    struct cmsghdr *part = CMSG_FIRSTHDR(header);
    size_t used = 0;
    memset(control, 0, sizeof *control);
    if (datagram->local.family) {
        if (is_v6) {
            struct in6_pktinfo info = {0};
            write_v6(&datagram->local, &info.ipi6_addr);
            part->cmsg_level = IPPROTO_IPV6;
            part->cmsg_type = IPV6_PKTINFO;
            part->cmsg_len = CMSG_LEN(sizeof info);
            memcpy(CMSG_DATA(part), &info, sizeof info);
            used += CMSG_SPACE(sizeof info);
        } else {
            struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl((uint32_t)datagram->local.low)};
            part->cmsg_level = IPPROTO_IP;
            part->cmsg_type = IP_PKTINFO;
            part->cmsg_len = CMSG_LEN(sizeof info);
            memcpy(CMSG_DATA(part), &info, sizeof info);
            used += CMSG_SPACE(sizeof info);
        }
        part = (struct cmsghdr *)(control->bytes + used);
    }
    if (datagram->segment) {
        uint16_t segment = (uint16_t)datagram->segment;
        part->cmsg_level = IPPROTO_UDP;
        part->cmsg_type = UDP_SEGMENT;
        part->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(part), &segment, sizeof segment);
        used += CMSG_SPACE(sizeof segment);
    }
    header->msg_controllen = used;
}

// Sends one datagram with nothing besides, which takes the kernel less than one of several does.
static void send_one(int descriptor, int is_v6, struct CLinux_datagram *datagram) {
    union datagram_address peer;
    socklen_t peer_count = datagram->peer.family ? encode(&datagram->peer, is_v6, &peer) : 0;
    ssize_t result;
    RETRY(result, sendto(descriptor, datagram->base, datagram->count, MSG_DONTWAIT | MSG_NOSIGNAL,
                         peer_count > 0 ? &peer.any : NULL, peer_count));
    datagram->error = result == -1 ? errno : 0;
}

void CLinux_send_datagrams(int descriptor, int is_v6, struct CLinux_datagram *datagrams, int count) {
    if (count == 1 && !datagrams->local.family && !datagrams->segment) return send_one(descriptor, is_v6, datagrams);
    struct mmsghdr headers[CLinux_datagram_batch];
    struct iovec vectors[CLinux_datagram_batch];
    union datagram_address peers[CLinux_datagram_batch];
    union control controls[CLinux_datagram_batch];
    if (count > CLinux_datagram_batch) count = CLinux_datagram_batch;
    for (int index = 0; index < count; index++) {
        struct CLinux_datagram *datagram = &datagrams[index];
        datagram->error = 0;
        vectors[index] = (struct iovec){.iov_base = datagram->base, .iov_len = datagram->count};
        struct msghdr *header = &headers[index].msg_hdr;
        *header = (struct msghdr){.msg_iov = &vectors[index], .msg_iovlen = 1};
        if (datagram->peer.family) {
            header->msg_namelen = encode(&datagram->peer, is_v6, &peers[index]);
            header->msg_name = &peers[index];
        }
        if (datagram->local.family || datagram->segment) {
            write_control(header, &controls[index], is_v6, datagram);
        }
    }
    int sent = 0;
    while (sent < count) {
        int result;
        RETRY(result, sendmmsg(descriptor, headers + sent, (unsigned)(count - sent), MSG_DONTWAIT | MSG_NOSIGNAL));
        if (result > 0) {
            sent += result;
            continue;
        }
        int error = errno;
        // The first one is why: without it the rest may go, unless there is no room for any.
        do datagrams[sent++].error = error;
        while (error == EAGAIN && sent < count);
    }
}
