// Talking to other processes of ours, and starting them.
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int CLinux_message_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, descriptors) == 0 ? 0 : -errno;
}

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * CLinux_message_descriptors)];
};

int CLinux_send_message(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
    if (descriptor_count > CLinux_message_descriptors) return -EINVAL;
    struct iovec vector = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    union control control;
    if (descriptor_count > 0) {
        size_t size = sizeof(int) * (size_t)descriptor_count;
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    ssize_t result;
    do result = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (result == -1 && errno == EINTR);
    return result == -1 ? -errno : 0;
}

ssize_t CLinux_receive_message(
    int socket,
    void *bytes,
    size_t capacity,
    int *descriptors,
    int *descriptor_count,
    int timeout
) {
    *descriptor_count = 0;
    struct pollfd poller = {.fd = socket, .events = POLLIN};
    int ready;
    do ready = poll(&poller, 1, timeout);
    while (ready == -1 && errno == EINTR);
    if (ready == -1) return -errno;
    if (ready == 0) return -ETIMEDOUT;
    struct iovec vector = {bytes, capacity};
    union control control;
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t result;
    do result = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (result == -1 && errno == EINTR);
    if (result == -1) return errno == ECONNRESET ? 0 : -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(header), sizeof(int) * (size_t)count);
        *descriptor_count = count;
    }
    if (message.msg_flags & MSG_TRUNC) {
        for (int index = 0; index < *descriptor_count; index++) close(descriptors[index]);
        *descriptor_count = 0;
        return -EMSGSIZE;
    }
    return result;
}

// Between fork and exec of a process with threads: calls of the kernel alone.
static void become(const char *path, char *const arguments[], char *const environment[], int descriptor, int failure) {
    // 3 may be the one through which a failure is told.
    int told = fcntl(failure, F_DUPFD_CLOEXEC, 4);
    int kept = fcntl(descriptor, F_DUPFD_CLOEXEC, 4);
    if (told >= 0 && kept >= 0 && dup2(kept, 3) == 3) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        for (int number = 1; number < 32; number++) sigaction(number, &action, NULL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(path, arguments, environment);
    }
    int reason = errno;
    if (told >= 0) (void)!write(told, &reason, sizeof reason);
    _exit(127);
}

int CLinux_spawn_detached(const char *path, char *const arguments[], char *const environment[], int descriptor) {
    int failure[2];
    if (pipe2(failure, O_CLOEXEC) == -1) return -errno;
    pid_t child = fork();
    if (child == -1) {
        int reason = errno;
        close(failure[0]);
        close(failure[1]);
        return -reason;
    }
    if (child == 0) {
        // Whoever adopts orphans, such as a service manager, becomes the parent.
        pid_t grandchild = fork();
        if (grandchild == 0) become(path, arguments, environment, descriptor, failure[1]);
        int reason = errno;
        if (grandchild == -1) (void)!write(failure[1], &reason, sizeof reason);
        _exit(0);
    }
    close(failure[1]);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {}
    int reason = 0;
    ssize_t count;
    do count = read(failure[0], &reason, sizeof reason);
    while (count == -1 && errno == EINTR);
    close(failure[0]);
    return count == sizeof reason ? -reason : 0;
}

int CLinux_memory_file(const char *name) {
    int descriptor = memfd_create(name, MFD_CLOEXEC);
    return descriptor == -1 ? -errno : descriptor;
}

_Bool CLinux_is_hung_up(int descriptor) {
    struct pollfd poller = {.fd = descriptor};
    return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

_Bool CLinux_is_listening(int descriptor) {
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == -1 || type != SOCK_STREAM) return 0;
    size = sizeof listens;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

int CLinux_adopt(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags == -1 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == -1) return -errno;
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == -1 ? -errno : 0;
}
