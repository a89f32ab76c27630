#include "CBoringSSL.h"

#if __has_include(<CCryptoBoringSSL_aead.h>)

#include <CCryptoBoringSSL_aead.h>
#include <CCryptoBoringSSL_aes.h>
#include <CCryptoBoringSSL_err.h>

enum { nonceCount = 12, tagCount = 16 };

int CBoringSSL_is_built(void) {
    return 1;
}

size_t CBoringSSL_context_count(void) {
    return sizeof(EVP_AEAD_CTX);
}

static const EVP_AEAD *aead_of(enum CBoringSSL_algorithm algorithm) {
    switch (algorithm) {
    case CBoringSSL_algorithmAES128GCM: return EVP_aead_aes_128_gcm();
    case CBoringSSL_algorithmAES256GCM: return EVP_aead_aes_256_gcm();
    case CBoringSSL_algorithmChaCha20Poly1305: return EVP_aead_chacha20_poly1305();
    }
}

// These three keep all their state in the context itself: there is nothing to release before the next key.
int CBoringSSL_prepare(enum CBoringSSL_algorithm algorithm, const void *key, void *context) {
    const EVP_AEAD *aead = aead_of(algorithm);
    return EVP_AEAD_CTX_init(context, aead, key, EVP_AEAD_key_length(aead), tagCount, NULL);
}

int CBoringSSL_seal(const void *context, const void *nonce, void *message, size_t count) {
    uint8_t *bytes = message;
    size_t written;
    return EVP_AEAD_CTX_seal(context, bytes, &written, count + tagCount, nonce, nonceCount, bytes, count, NULL, 0);
}

int CBoringSSL_open(const void *context, const void *nonce, void *message, size_t count) {
    uint8_t *bytes = message;
    if (EVP_AEAD_CTX_open_gather(context, bytes, nonce, nonceCount, bytes, count, bytes + count, tagCount, NULL, 0)) {
        return 1;
    }
    // A tag that does not fit is no error of this thread's, to be found in its queue by somebody else.
    ERR_clear_error();
    return 0;
}

size_t CBoringSSL_block_key_count(void) {
    return sizeof(AES_KEY);
}

int CBoringSSL_prepare_block(const void *key, size_t count, int encrypts, void *expanded) {
    unsigned bits = (unsigned)count * 8;
    return (encrypts ? AES_set_encrypt_key(key, bits, expanded) : AES_set_decrypt_key(key, bits, expanded)) == 0;
}

void CBoringSSL_encrypt_block(const void *expanded, void *block) {
    AES_encrypt(block, block, expanded);
}

void CBoringSSL_decrypt_block(const void *expanded, void *block) {
    AES_decrypt(block, block, expanded);
}

#else

#define UNUSED __attribute__((unused))

int CBoringSSL_is_built(void) {
    return 0;
}

size_t CBoringSSL_context_count(void) {
    return 0;
}

size_t CBoringSSL_block_key_count(void) {
    return 0;
}

// Never called: there is nothing here.

int CBoringSSL_prepare(UNUSED enum CBoringSSL_algorithm algorithm, UNUSED const void *key, UNUSED void *context) {
    __builtin_trap();
}

int CBoringSSL_seal(UNUSED const void *context, UNUSED const void *nonce, UNUSED void *message, UNUSED size_t count) {
    __builtin_trap();
}

int CBoringSSL_open(UNUSED const void *context, UNUSED const void *nonce, UNUSED void *message, UNUSED size_t count) {
    __builtin_trap();
}

int CBoringSSL_prepare_block(UNUSED const void *key, UNUSED size_t count, UNUSED int encrypts, UNUSED void *expanded) {
    __builtin_trap();
}

void CBoringSSL_encrypt_block(UNUSED const void *expanded, UNUSED void *block) {
    __builtin_trap();
}

void CBoringSSL_decrypt_block(UNUSED const void *expanded, UNUSED void *block) {
    __builtin_trap();
}

#endif
