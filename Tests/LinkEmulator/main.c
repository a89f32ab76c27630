// A long link between two network namespaces of this machine: a TUN device in each, and between them a queue that holds
// every packet for a while, at a rate and with losses where wanted. Runs until it is killed, and with it the devices go.
//
//   link-emulator NEAR FAR DELAY_MS [RATE_MBIT [LOSS_PERCENT [SEED]]]
//
// NEAR and FAR are names that `ip netns` knows; the ends have 10.77.0.1 and 10.77.0.2. DELAY_MS is that of one
// direction. A rate of 0 is none.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { packet_size = 2048, queue_length = 16384, batch = 64 };

struct packet {
    uint64_t due;
    int count;
    unsigned char bytes[packet_size];
};

struct direction {
    int from, to;
    struct packet *queue;
    unsigned head, tail;
    // When the last packet will have left the near end.
    uint64_t busy_until;
};

static uint64_t delay, random_state;
static double bytes_per_nanosecond, loss;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "link-emulator: %s: %s\n", what, strerror(errno));
    exit(1);
}

// From 0 to 1, by xorshift.
static double uniform(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static int open_device(const char *namespace, const char *address) {
    char text[256];
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    snprintf(text, sizeof text, "/run/netns/%s", namespace);
    int away = open(text, O_RDONLY | O_CLOEXEC);
    if (home < 0 || away < 0 || setns(away, CLONE_NEWNET) != 0) fail(text);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "link0");
    if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0) fail("/dev/net/tun");
    snprintf(text, sizeof text, "ip addr add %s/24 dev link0 && ip link set link0 up && ip link set lo up", address);
    if (system(text) != 0) fail("ip");
    if (setns(home, CLONE_NEWNET) != 0) fail("setns");
    close(home);
    close(away);
    return device;
}

static void take(struct direction *direction) {
    for (int index = 0; index < batch && direction->tail - direction->head < queue_length; index++) {
        struct packet *packet = &direction->queue[direction->tail % queue_length];
        ssize_t count = read(direction->from, packet->bytes, sizeof packet->bytes);
        if (count <= 0) return;
        uint64_t departure = now();
        if (bytes_per_nanosecond > 0) {
            if (direction->busy_until > departure) departure = direction->busy_until;
            departure += (uint64_t)((double)count / bytes_per_nanosecond);
            direction->busy_until = departure;
        }
        if (loss > 0 && uniform() < loss) continue;
        packet->due = departure + delay;
        packet->count = (int)count;
        direction->tail++;
    }
}

// Delivers what is due; nanoseconds until the next packet is, or a second.
static uint64_t deliver(struct direction *direction) {
    while (direction->head != direction->tail) {
        struct packet *packet = &direction->queue[direction->head % queue_length];
        uint64_t time = now();
        if (packet->due > time) return packet->due - time;
        // What the device does not take is lost, as on a real link.
        if (write(direction->to, packet->bytes, (size_t)packet->count) < 0 && errno == EBADFD) exit(0);
        direction->head++;
    }
    return 1000000000;
}

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: link-emulator NEAR FAR DELAY_MS [RATE_MBIT [LOSS_PERCENT [SEED]]]\n");
        return 64;
    }
    // Whoever started it may be killed without a word.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    delay = (uint64_t)(atof(arguments[3]) * 1000000);
    bytes_per_nanosecond = count > 4 ? atof(arguments[4]) / 8000 : 0;
    loss = count > 5 ? atof(arguments[5]) / 100 : 0;
    random_state = count > 6 ? strtoull(arguments[6], NULL, 10) | 1 : 1;
    int near = open_device(arguments[1], "10.77.0.1");
    int far = open_device(arguments[2], "10.77.0.2");
    struct direction out = {.from = near, .to = far}, back = {.from = far, .to = near};
    out.queue = calloc(queue_length, sizeof *out.queue);
    back.queue = calloc(queue_length, sizeof *back.queue);
    if (out.queue == NULL || back.queue == NULL) fail("memory");
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        take(&out);
        take(&back);
        uint64_t first = deliver(&out), second = deliver(&back);
        uint64_t wait = first < second ? first : second;
        struct pollfd devices[2] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
        struct timespec time = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
        if (ppoll(devices, 2, &time, NULL) < 0 && errno != EINTR) fail("ppoll");
    }
}
