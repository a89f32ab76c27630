#pragma once
// The three AEADs of Shadowsocks 2022 by BoringSSL, which comes with swift-crypto: 12-byte nonces, 16-byte tags, no
// associated data, in place. And the bare AES block, for headers.
#include <stddef.h>

/// The ciphers, in the order of `AEADAlgorithm`.
enum __attribute__((enum_extensibility(closed))) CBoringSSL_algorithm {
    CBoringSSL_algorithmAES128GCM = 0,
    CBoringSSL_algorithmAES256GCM,
    CBoringSSL_algorithmChaCha20Poly1305,
};

/// Whether this binary has it; where it has not, nothing else here may be called.
int CBoringSSL_is_built(void);

/// Bytes of a context: a key, expanded.
size_t CBoringSSL_context_count(void);

/// Makes a context in memory that is aligned to 64 bytes; it holds no other memory. 0 where the key is refused.
int CBoringSSL_prepare(enum CBoringSSL_algorithm algorithm, const void *key, void *context);

/// Encrypts `count` bytes where they lie and puts the 16 bytes of tag behind them; 0 for more than the cipher takes.
int CBoringSSL_seal(const void *context, const void *nonce, void *message, size_t count);

/// Decrypts `count` bytes where they lie; 0, and they are worthless, when the 16 bytes of tag behind them do not fit.
int CBoringSSL_open(const void *context, const void *nonce, void *message, size_t count);

/// Bytes of a block cipher's key, expanded.
size_t CBoringSSL_block_key_count(void);

/// Expands a key of `count` bytes, 16 or 32, for one direction; 0 where it is refused.
int CBoringSSL_prepare_block(const void *key, size_t count, int encrypts, void *expanded);

/// Encrypts 16 bytes where they lie, with a key that was expanded for that.
void CBoringSSL_encrypt_block(const void *expanded, void *block);

/// Decrypts 16 bytes where they lie, with a key that was expanded for that.
void CBoringSSL_decrypt_block(const void *expanded, void *block);
