// Stores into a mapped file whose disk fails (a journal that has aborted, a device that is gone) raise SIGBUS. Here a
// page that does so is replaced by a private copy of itself, so that the store goes on, into memory alone.
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// What runs in the handler calls the kernel and nothing else: it may have interrupted a sanitizer's runtime, in the middle
// of a store that this made for the program, with that page's locks held.
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
#define IN_HANDLER __attribute__((disable_sanitizer_instrumentation))
#endif
#endif
#ifndef IN_HANDLER
#define IN_HANDLER
#endif

enum { CAPACITY = 4096, PAGE = 4096 };

struct range {
    _Atomic uintptr_t start;
    _Atomic size_t length;
};

static struct range ranges[CAPACITY];
static atomic_int used;
static atomic_uint rescued;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction earlier;

IN_HANDLER static int is_guarded(uintptr_t address) {
    int count = atomic_load(&used);
    for (int index = 0; index < count; index++) {
        uintptr_t start = atomic_load(&ranges[index].start);
        if (start != 0 && address >= start && address - start < atomic_load(&ranges[index].length)) return 1;
    }
    return 0;
}

IN_HANDLER int CLinux_mapping_rescue(void *address) {
    char copy[PAGE];
    void *page = (void *)((uintptr_t)address & ~(uintptr_t)(PAGE - 1));
    // By the kernel, which says that a page cannot even be read where a load would raise the signal again.
    struct iovec here = {copy, PAGE}, there = {page, PAGE};
    long self = syscall(SYS_getpid);
    if (syscall(SYS_process_vm_readv, self, &here, 1L, &there, 1L, 0L) != PAGE) return -EFAULT;
    long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (syscall(SYS_mmap, page, (long)PAGE, (long)(PROT_READ | PROT_WRITE), flags, -1L, 0L) == -1) return -errno;
    if (syscall(SYS_process_vm_writev, self, &here, 1L, &there, 1L, 0L) != PAGE) return -EFAULT;
    atomic_fetch_add(&rescued, 1);
    return 0;
}

IN_HANDLER static void handle(int signal, siginfo_t *information, void *context) {
    (void)context;
    int saved = errno;
    void *address = information->si_addr;
    int done = is_guarded((uintptr_t)address) && CLinux_mapping_rescue(address) == 0;
    // Not ours, or not to be had: the store is tried again, and ends as it would have without us.
    if (!done) sigaction(signal, &earlier, NULL);
    errno = saved;
}

int CLinux_mapping_guard(void *start, size_t length) {
    static int installed = 0;
    int result = 0, place = 0;
    pthread_mutex_lock(&lock);
    int count = atomic_load(&used);
    while (place < count && atomic_load(&ranges[place].start) != 0) place++;
    if (place == CAPACITY) {
        result = -ENOSPC;
    } else {
        if (!installed) {
            struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
            sigemptyset(&action.sa_mask);
            if (sigaction(SIGBUS, &action, &earlier) != 0) result = -errno;
            else installed = 1;
        }
        if (result == 0) {
            atomic_store(&ranges[place].length, length);
            atomic_store(&ranges[place].start, (uintptr_t)start);
            if (place == count) atomic_store(&used, count + 1);
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

void CLinux_mapping_unguard(const void *start) {
    pthread_mutex_lock(&lock);
    int count = atomic_load(&used);
    for (int place = 0; place < count; place++) {
        if (atomic_load(&ranges[place].start) == (uintptr_t)start) atomic_store(&ranges[place].start, 0);
    }
    pthread_mutex_unlock(&lock);
}

unsigned CLinux_mapping_rescued(void) { return atomic_load(&rescued); }
