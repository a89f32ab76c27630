#pragma once
// Loads TCP Brutal, as a BPF program, into the running kernel, by libbpf. What is loaded stays until it is unloaded or
// the host goes down, held by pins in a folder of the BPF file system; nothing of the process that has loaded it is
// needed any more.
#include <stddef.h>
#include <stdint.h>

/// What went wrong, beside a negative errno value: the step, in words that follow "cannot".
struct CBrutal_failure {
    int error;
    const char *step;
};

/// Loads the program, or this version of it in the place of another one: sockets that are there keep the one they have.
///
/// - `folder`: for the pins, made where it is not there.
/// - `cgroup`: of cgroup 2, whose processes' sockets answer the options.
/// - `sample_is_fourth`: whether the kernel's cong_control has four arguments.
///
/// Returns 1 where it was loaded, 0 where this version is loaded already, and -1 where it failed.
int CBrutal_load(const char *folder, const char *cgroup, int sample_is_fourth, struct CBrutal_failure *failure);
/// Takes the program out. Sockets that have it keep it until they close. Returns 1, 0 where there was none, -1 for failure.
int CBrutal_unload(const char *folder, struct CBrutal_failure *failure);
/// 1 where this version is loaded, 0 where another one is, -1 where none is.
int CBrutal_loaded(const char *folder);
/// Whether the folder is in a BPF file system, or can be made in one.
_Bool CBrutal_is_bpf_file_system(const char *folder);
/// The arguments of the kernel's tcp_congestion_ops.cong_control, 0 where its types do not say.
int CBrutal_sample_arguments(void);
