#pragma once
// The three AEADs of Shadowsocks 2022 by BoringSSL, which comes with swift-crypto: 12-byte nonces, 16-byte tags, no
// associated data, in place.
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
