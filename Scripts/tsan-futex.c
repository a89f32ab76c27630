// Shows ThreadSanitizer the contended half of Swift's Mutex, for Scripts/test-sanitized only.
//
// On Linux, `Synchronization.Mutex` is an atomic word while nobody waits, which the sanitizer sees, and a futex that the
// kernel hands over when somebody does, which it does not: the lock is taken and given back inside syscall(2), and every
// access on either side of a contended lock is reported as a race. This library is preloaded and tells it of those two
// calls. To be removed when the standard library tells it itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>

// Absent in the programs that the tests start and that have no sanitizer in them.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

long syscall(long number, ...) {
    static long (*next)(long, ...);
    if (!next) next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");

    va_list list;
    long arguments[6];
    va_start(list, number);
    for (int index = 0; index < 6; index++) arguments[index] = va_arg(list, long);
    va_end(list);

    long operation = number == SYS_futex ? (arguments[1] & FUTEX_CMD_MASK) : -1;
    if (operation == FUTEX_UNLOCK_PI && __tsan_release) __tsan_release((void *)arguments[0]);
    long result =
        next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    int taken = operation == FUTEX_LOCK_PI || operation == FUTEX_TRYLOCK_PI;
    if (taken && result == 0 && __tsan_acquire) __tsan_acquire((void *)arguments[0]);
    return result;
}
