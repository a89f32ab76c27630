#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>

// One call a record: Swift sees no cipher context and no error queue. All return 1 for success, as OpenSSL does.

/// Puts a key into an AEAD context; the nonce comes with each record.
static inline int COpenSSL_setKey(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const void *key) {
    return EVP_CipherInit_ex(context, cipher, NULL, (const unsigned char *)key, NULL, 1);
}

/// Encrypts `count` bytes where they lie and puts the 16 bytes of tag behind them.
static inline int COpenSSL_seal(EVP_CIPHER_CTX *context, const void *nonce, void *message, int count) {
    unsigned char *bytes = (unsigned char *)message;
    int written = 0, last = 0;
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, (const unsigned char *)nonce) == 1
        && EVP_EncryptUpdate(context, bytes, &written, bytes, count) == 1
        && EVP_EncryptFinal_ex(context, bytes + written, &last) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, bytes + count) == 1;
}

/// Decrypts `count` bytes where they lie; 0 when the 16 bytes of tag behind them do not fit.
static inline int COpenSSL_open(EVP_CIPHER_CTX *context, const void *nonce, void *message, int count) {
    unsigned char *bytes = (unsigned char *)message;
    int written = 0, last = 0;
    return EVP_DecryptInit_ex(context, NULL, NULL, NULL, (const unsigned char *)nonce) == 1
        && EVP_DecryptUpdate(context, bytes, &written, bytes, count) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, bytes + count) == 1
        && EVP_DecryptFinal_ex(context, bytes + written, &last) == 1;
}

/// Puts a key into a context of the bare block cipher, for one direction.
static inline int COpenSSL_setBlockKey(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const void *key, int encrypt) {
    return EVP_CipherInit_ex(context, cipher, NULL, (const unsigned char *)key, NULL, encrypt) == 1
        && EVP_CIPHER_CTX_set_padding(context, 0) == 1;
}

/// Runs one 16-byte block through such a context, in place.
static inline int COpenSSL_block(EVP_CIPHER_CTX *context, void *block) {
    unsigned char *bytes = (unsigned char *)block;
    int written = 0;
    return EVP_CipherUpdate(context, bytes, &written, bytes, 16) == 1 && written == 16;
}
