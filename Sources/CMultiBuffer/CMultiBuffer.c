#include "CMultiBuffer.h"

#if defined(__x86_64__) && defined(__linux__) && __has_include(<intel-ipsec-mb.h>)

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

// Set once by `load`, only read afterwards. The index of each pair is `wide`.
static struct {
    enum CMultiBuffer_status status;
    char version[32];
    aes_gcm_pre_t expand[2];
    aes_gcm_enc_dec_t seal[2], open[2];
} library;

// What the library's AVX2 code wants. With small records it takes an eighth of OpenSSL's time, as there is no context to
// set up; with large ones it is no faster. Asking first saves loading 12 MB of code for nothing.
static int is_fast_processor(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

int CMultiBuffer_is_processor_wide(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vaes") && __builtin_cpu_supports("vpclmulqdq");
}

// The functions of a manager keep no state in it: it is asked for them and freed.
static enum CMultiBuffer_status take_functions(IMB_MGR *manager, void (*initialize)(IMB_MGR *, IMB_ARCH *)) {
    IMB_ARCH architecture = IMB_ARCH_NONE;
    initialize(manager, &architecture);
    uint64_t features = manager->features;
    if (manager->imb_errno != 0) return CMultiBuffer_statusFaulty;
    if ((features & IMB_FEATURE_SELF_TEST) && !(features & IMB_FEATURE_SELF_TEST_PASS)) {
        return CMultiBuffer_statusFaulty;
    }
    if (architecture < IMB_ARCH_AVX2) return CMultiBuffer_statusSlowProcessor;
    library.expand[0] = manager->gcm128_pre;
    library.expand[1] = manager->gcm256_pre;
    library.seal[0] = manager->gcm128_enc;
    library.seal[1] = manager->gcm256_enc;
    library.open[0] = manager->gcm128_dec;
    library.open[1] = manager->gcm256_dec;
    for (int wide = 0; wide < 2; wide++) {
        if (!library.expand[wide] || !library.seal[wide] || !library.open[wide]) return CMultiBuffer_statusFaulty;
    }
    return CMultiBuffer_statusReady;
}

static enum CMultiBuffer_status find(void) {
    if (!is_fast_processor()) return CMultiBuffer_statusSlowProcessor;
    // Stays loaded, with the process.
    void *handle = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return CMultiBuffer_statusNotInstalled;

    unsigned (*version)(void) = (unsigned (*)(void))dlsym(handle, "imb_get_version");
    const char *(*text)(void) = (const char *(*)(void))dlsym(handle, "imb_get_version_str");
    if (!version || !text) return CMultiBuffer_statusOtherVersion;
    strncpy(library.version, text(), sizeof library.version - 1);
    if (version() >> 8 != IMB_VERSION_NUM >> 8) return CMultiBuffer_statusOtherVersion;

    IMB_MGR *(*allocate)(uint64_t) = (IMB_MGR * (*)(uint64_t)) dlsym(handle, "alloc_mb_mgr");
    void (*initialize)(IMB_MGR *, IMB_ARCH *) = (void (*)(IMB_MGR *, IMB_ARCH *))dlsym(handle, "init_mb_mgr_auto");
    void (*release)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(handle, "free_mb_mgr");
    if (!allocate || !initialize || !release) return CMultiBuffer_statusFaulty;
    IMB_MGR *manager = allocate(0);
    if (!manager) return CMultiBuffer_statusFaulty;
    enum CMultiBuffer_status status = take_functions(manager, initialize);
    release(manager);
    return status;
}

static void load(void) {
    library.status = find();
}

enum CMultiBuffer_status CMultiBuffer_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return library.status;
}

const char *CMultiBuffer_version(void) {
    return library.version;
}

size_t CMultiBuffer_expanded_count(void) {
    return sizeof(struct gcm_key_data);
}

void CMultiBuffer_expand(int wide, const void *key, void *expanded) {
    library.expand[wide != 0](key, expanded);
}

void CMultiBuffer_seal(int wide, const void *expanded, const void *nonce, void *message, size_t count) {
    struct gcm_context_data context;
    uint8_t *bytes = message;
    library.seal[wide != 0](expanded, &context, bytes, bytes, count, nonce, NULL, 0, bytes + count, 16);
}

int CMultiBuffer_open(int wide, const void *expanded, const void *nonce, void *message, size_t count) {
    struct gcm_context_data context;
    uint8_t *bytes = message;
    uint64_t computed[2], received[2];
    memcpy(received, bytes + count, sizeof received);
    library.open[wide != 0](expanded, &context, bytes, bytes, count, nonce, NULL, 0, (uint8_t *)computed, 16);
    // No branch before all bits are together: where the tags differ must not show in the time.
    return ((computed[0] ^ received[0]) | (computed[1] ^ received[1])) == 0;
}

#else

#define UNUSED __attribute__((unused))

enum CMultiBuffer_status CMultiBuffer_load(void) {
    return CMultiBuffer_statusNotBuilt;
}

int CMultiBuffer_is_processor_wide(void) {
    return 0;
}

const char *CMultiBuffer_version(void) {
    return "";
}

size_t CMultiBuffer_expanded_count(void) {
    return 0;
}

// Never called: `load` says that there is nothing here.

void CMultiBuffer_expand(UNUSED int wide, UNUSED const void *key, UNUSED void *expanded) {
    __builtin_trap();
}

void CMultiBuffer_seal(UNUSED int wide, UNUSED const void *expanded, UNUSED const void *nonce, UNUSED void *message,
                       UNUSED size_t count) {
    __builtin_trap();
}

int CMultiBuffer_open(UNUSED int wide, UNUSED const void *expanded, UNUSED const void *nonce, UNUSED void *message,
                      UNUSED size_t count) {
    __builtin_trap();
}

#endif
