#pragma once
// AES-GCM by Intel's multi-buffer library (Debian: libipsec-mb), found at run time and never linked. 12-byte nonces,
// 16-byte tags, no associated data, in place.
#include <stddef.h>

/// Whether the library can be used, and why not.
enum __attribute__((enum_extensibility(closed))) CMultiBuffer_status {
    CMultiBuffer_statusReady = 0,
    /// Built for another processor, or without the library's header.
    CMultiBuffer_statusNotBuilt,
    /// No AES, PCLMULQDQ or AVX2 instructions: the library has nothing better than OpenSSL there.
    CMultiBuffer_statusSlowProcessor,
    CMultiBuffer_statusNotInstalled,
    /// Not the major and minor version of the header: its structures may differ.
    CMultiBuffer_statusOtherVersion,
    /// It does not initialise, or fails its own test.
    CMultiBuffer_statusFaulty,
};

/// Loads the library at the first call; every further call repeats the answer. From any thread. Nothing else here may
/// be called before this has said `Ready`.
enum CMultiBuffer_status CMultiBuffer_load(void);

/// Whether the processor has AVX-512 with VAES and VPCLMULQDQ, which the library's fastest code wants. Needs no library.
int CMultiBuffer_is_processor_wide(void);

/// What the library calls its version, such as `1.3.0`; empty when none was found. Never freed.
const char *CMultiBuffer_version(void);

/// Bytes of an expanded key.
size_t CMultiBuffer_expanded_count(void);

/// Expands a key of 16 or, with `wide`, 32 bytes into memory that is aligned to 64 bytes.
void CMultiBuffer_expand(int wide, const void *key, void *expanded);

/// Encrypts `count` bytes where they lie and puts the 16 bytes of tag behind them.
void CMultiBuffer_seal(int wide, const void *expanded, const void *nonce, void *message, size_t count);

/// Decrypts `count` bytes where they lie; 0, and they are worthless, when the 16 bytes of tag behind them do not fit.
int CMultiBuffer_open(int wide, const void *expanded, const void *nonce, void *message, size_t count);
