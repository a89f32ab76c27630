// Shows ThreadSanitizer the contended half of Swift's Mutex, for Scripts/test-sanitized only.
//
// On Linux, `Synchronization.Mutex` is an atomic word whose fast paths are inlined into our code, where the sanitizer
// sees them. The slow paths are not: they spin on the word and ask the kernel inside the standard library, which is not
// instrumented, and every access behind a contended lock is reported as a race. This library is preloaded, stands in
// front of the two slow paths and tells of them. To be removed when the standard library does that itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

// Absent in the programs that the tests start and that have no sanitizer in them.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

// Swift's calling convention passes `self`, here the address of the word, in a register of its own.
#define SELF __attribute__((swift_context)) void *word
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*lock_slow)(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void (*unlock_slow)(SELF);

__attribute__((swiftcall)) void tsan_lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
__attribute__((swiftcall)) void tsan_lock_slow(uint32_t thread, SELF) {
    static lock_slow next;
    if (!next) next = (lock_slow)dlsym(RTLD_NEXT, LOCK_SLOW);
    next(thread, word);
    if (__tsan_acquire) __tsan_acquire(word);
}

__attribute__((swiftcall)) void tsan_unlock_slow(SELF) __asm__(UNLOCK_SLOW);
__attribute__((swiftcall)) void tsan_unlock_slow(SELF) {
    static unlock_slow next;
    if (!next) next = (unlock_slow)dlsym(RTLD_NEXT, UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(word);
    next(word);
}
