// The least that a TCP relay can do with splice(2): accepts on one port of loopback, connects to another, and moves
// bytes through a pipe per direction. No meter, no timeout, no configuration: what every relay's cost is compared with.
//
//   splice-loop PORT TARGET_PORT

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { chunk = 1 << 20, pipe_size = 256 * 1024, batch = 256 };

struct session;

struct end {
    struct session *session;
    int socket;
};

struct flow {
    int pipe[2];
    size_t waiting;
    int has_ended, is_finished;
};

struct session {
    struct end ends[2];
    // flows[0] goes from ends[0] to ends[1], flows[1] back.
    struct flow flows[2];
    int is_closed;
    struct session *next_closed;
};

static int poller;
static struct session *closed;

static void watch(int descriptor, void *context) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = context};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) != 0) perror("epoll_ctl");
}

// Freed at the end of the turn, for more events of this one may name the session.
static void finish(struct session *session) {
    if (session->is_closed) return;
    session->is_closed = 1;
    for (int index = 0; index < 2; index++) {
        close(session->ends[index].socket);
        close(session->flows[index].pipe[0]);
        close(session->flows[index].pipe[1]);
    }
    session->next_closed = closed;
    closed = session;
}

// Zero when the session cannot go on.
static int move(struct session *session, int index) {
    struct flow *flow = &session->flows[index];
    int from = session->ends[index].socket, to = session->ends[1 - index].socket;
    while (!flow->is_finished) {
        if (flow->waiting > 0) {
            ssize_t count = splice(flow->pipe[0], NULL, to, NULL, flow->waiting, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (count < 0) return errno == EAGAIN || errno == ENOTCONN;
            flow->waiting -= (size_t)count;
            continue;
        }
        if (flow->has_ended) {
            shutdown(to, SHUT_WR);
            flow->is_finished = 1;
            return 1;
        }
        ssize_t count = splice(from, NULL, flow->pipe[1], NULL, chunk, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (count < 0) return errno == EAGAIN || errno == ENOTCONN;
        flow->waiting = (size_t)count;
        flow->has_ended = count == 0;
    }
    return 1;
}

static void serve(struct session *session) {
    if (session->is_closed) return;
    if (!move(session, 0) || !move(session, 1) || (session->flows[0].is_finished && session->flows[1].is_finished))
        finish(session);
}

static void begin(int socket_in, const struct sockaddr_in *target) {
    int one = 1;
    struct session *session = calloc(1, sizeof *session);
    int out = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (session == NULL || out < 0) exit(1);
    setsockopt(socket_in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    session->ends[0] = (struct end){session, socket_in};
    session->ends[1] = (struct end){session, out};
    for (int index = 0; index < 2; index++) {
        if (pipe2(session->flows[index].pipe, O_NONBLOCK | O_CLOEXEC) != 0) exit(1);
        fcntl(session->flows[index].pipe[1], F_SETPIPE_SZ, pipe_size);
    }
    if (connect(out, (const struct sockaddr *)target, sizeof *target) != 0 && errno != EINPROGRESS) {
        finish(session);
        return;
    }
    watch(out, &session->ends[1]);
    watch(socket_in, &session->ends[0]);
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: splice-loop PORT TARGET_PORT\n");
        return 64;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_in target = here;
    target.sin_port = htons((uint16_t)atoi(arguments[2]));
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 4096) != 0) {
        perror("splice-loop");
        return 1;
    }
    watch(listener, NULL);
    struct epoll_event events[batch];
    for (;;) {
        int ready = epoll_wait(poller, events, batch, -1);
        for (int index = 0; index < ready; index++) {
            struct end *end = events[index].data.ptr;
            if (end != NULL) {
                serve(end->session);
                continue;
            }
            int accepted;
            while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                begin(accepted, &target);
        }
        while (closed != NULL) {
            struct session *session = closed;
            closed = session->next_closed;
            free(session);
        }
    }
}
