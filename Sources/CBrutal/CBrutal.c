#include "CBrutal.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

// BPF/brutal.bpf.c, compiled; Scripts/bpf makes it, and lint sees to it that it is of that source.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char object_bytes[] = {
#embed "brutal.bpf.o"
};
#pragma clang diagnostic pop

static const char *const hooks[] = {"brutal_setsockopt", "brutal_getsockopt"};
static const char *const maps[] = {"settings", "groups", "build"};
static const char *const algorithm = "brutal";

static int silent(enum libbpf_print_level level, const char *format, va_list arguments) {
    (void)level, (void)format, (void)arguments;
    return 0;
}

static void place(char *path, const char *folder, const char *name) { snprintf(path, PATH_MAX, "%s/%s", folder, name); }

static int fail(struct CBrutal_failure *failure, int error, const char *step) {
    failure->error = error;
    failure->step = step;
    return -1;
}

/// FNV-1a of the object: which version it is.
static uint64_t version(void) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t index = 0; index < sizeof object_bytes; index++) hash = (hash ^ object_bytes[index]) * 0x100000001b3;
    return hash;
}

static uint64_t loaded_version(const char *folder) {
    char path[PATH_MAX];
    place(path, folder, "build");
    int map = bpf_obj_get(path);
    if (map < 0) return 0;
    uint32_t key = 0;
    uint64_t value = 0;
    if (bpf_map_lookup_elem(map, &key, &value) != 0) value = 0;
    close(map);
    return value;
}

static int is_pinned(const char *folder, const char *name) {
    char path[PATH_MAX];
    place(path, folder, name);
    return access(path, F_OK) == 0;
}

int CBrutal_loaded(const char *folder) {
    if (!is_pinned(folder, algorithm)) return -1;
    for (size_t index = 0; index < 2; index++) {
        if (!is_pinned(folder, hooks[index])) return 0;
    }
    return loaded_version(folder) == version();
}

_Bool CBrutal_is_bpf_file_system(const char *folder) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", folder);
    struct statfs information;
    while (statfs(path, &information) != 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || slash == NULL || slash == path) return 0;
        *slash = 0;
    }
    return information.f_type == 0xcafe4a11;
}

int CBrutal_sample_arguments(void) {
    libbpf_set_print(silent);
    struct btf *kernel = btf__load_vmlinux_btf();
    if (!kernel) return 0;
    int count = 0;
    int operations = btf__find_by_name_kind(kernel, "tcp_congestion_ops", BTF_KIND_STRUCT);
    if (operations > 0) {
        const struct btf_type *type = btf__type_by_id(kernel, (uint32_t)operations);
        const struct btf_member *members = btf_members(type);
        for (int index = 0; index < btf_vlen(type); index++) {
            if (strcmp(btf__name_by_offset(kernel, members[index].name_off), "cong_control") != 0) continue;
            const struct btf_type *pointer = btf__type_by_id(kernel, members[index].type);
            if (btf_is_ptr(pointer)) count = btf_vlen(btf__type_by_id(kernel, pointer->type));
        }
    }
    btf__free(kernel);
    return count;
}

/// Takes an algorithm out of the kernel's list: no socket selects it any more.
static int unregister(const char *folder) {
    char path[PATH_MAX];
    place(path, folder, algorithm);
    int map = bpf_obj_get(path);
    if (map < 0) return errno == ENOENT ? 0 : -errno;
    uint32_t key = 0;
    int result = bpf_map_delete_elem(map, &key) == 0 || errno == ENOENT ? 0 : -errno;
    close(map);
    if (result == 0) unlink(path);
    return result;
}

/// Lets a program answer for a hook, in the place of the one that does where there is one.
static int attach_hook(struct bpf_object *object, const char *folder, const char *name, int cgroup) {
    struct bpf_program *program = bpf_object__find_program_by_name(object, name);
    if (!program) return -ENOENT;
    char path[PATH_MAX];
    place(path, folder, name);
    struct bpf_link *link = bpf_link__open(path);
    if (link) {
        int result = bpf_link__update_program(link, program);
        bpf_link__disconnect(link);
        bpf_link__destroy(link);
        return result;
    }
    link = bpf_program__attach_cgroup(program, cgroup);
    if (!link) return -errno;
    int result = bpf_link__pin(link, path);
    if (result == 0) bpf_link__disconnect(link);
    bpf_link__destroy(link);
    return result;
}

static int open_object(const char *folder, int sample_is_fourth, struct bpf_object **out) {
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "causeway");
    struct bpf_object *object = bpf_object__open_mem(object_bytes, sizeof object_bytes, &options);
    if (!object) return -errno;
    *out = object;
    struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
    if (!constants) return -ENOENT;
    size_t size = 0;
    int *value = (int *)bpf_map__initial_value(constants, &size);
    if (!value || size != sizeof *value) return -EINVAL;
    *value = sample_is_fourth;
    // Maps that are there already are used on: sockets have their settings in them.
    for (size_t index = 0; index < sizeof maps / sizeof *maps; index++) {
        char path[PATH_MAX];
        place(path, folder, maps[index]);
        struct bpf_map *map = bpf_object__find_map_by_name(object, maps[index]);
        if (!map) return -ENOENT;
        int result = bpf_map__set_pin_path(map, path);
        if (result != 0) return result;
    }
    return 0;
}

static int attach(struct bpf_object *object, const char *folder, int cgroup, struct CBrutal_failure *failure) {
    for (size_t index = 0; index < 2; index++) {
        int result = attach_hook(object, folder, hooks[index], cgroup);
        if (result != 0) return fail(failure, -result, "let it answer socket options");
    }
    int result = unregister(folder);
    if (result != 0) return fail(failure, -result, "take out the version before");
    struct bpf_map *map = bpf_object__find_map_by_name(object, algorithm);
    struct bpf_link *link = map ? bpf_map__attach_struct_ops(map) : NULL;
    if (!link) return fail(failure, errno, "register it");
    // The kernel keeps what is registered; the pin is there to find it by.
    bpf_link__disconnect(link);
    bpf_link__destroy(link);
    char path[PATH_MAX];
    place(path, folder, algorithm);
    result = bpf_map__pin(map, path);
    if (result != 0) {
        uint32_t key = 0;
        bpf_map_delete_elem(bpf_map__fd(map), &key);
        return fail(failure, -result, "pin it");
    }
    uint32_t key = 0;
    uint64_t value = version();
    int build = bpf_map__fd(bpf_object__find_map_by_name(object, "build"));
    if (bpf_map_update_elem(build, &key, &value, BPF_ANY) != 0) return fail(failure, errno, "note its version");
    return 1;
}

int CBrutal_load(const char *folder, const char *cgroup, int sample_is_fourth, struct CBrutal_failure *failure) {
    libbpf_set_print(silent);
    if (CBrutal_loaded(folder) == 1) return 0;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) return fail(failure, errno, "make the folder of its pins");
    int group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group < 0) return fail(failure, errno, "open the cgroup");
    struct bpf_object *object = NULL;
    int result = open_object(folder, sample_is_fourth, &object);
    if (result != 0) {
        result = fail(failure, -result, "read the program");
    } else if ((result = bpf_object__load(object)) != 0) {
        result = fail(failure, -result, "load it");
    } else {
        result = attach(object, folder, group, failure);
    }
    bpf_object__close(object);
    close(group);
    // What was pinned on the way to a failure is not to look like a version that is there.
    if (result < 0 && !is_pinned(folder, algorithm)) {
        struct CBrutal_failure other;
        CBrutal_unload(folder, &other);
    }
    return result;
}

int CBrutal_unload(const char *folder, struct CBrutal_failure *failure) {
    libbpf_set_print(silent);
    int was_there = is_pinned(folder, algorithm);
    int result = unregister(folder);
    if (result != 0) return fail(failure, -result, "take it out");
    char path[PATH_MAX];
    for (size_t index = 0; index < 2; index++) {
        place(path, folder, hooks[index]);
        if (unlink(path) != 0 && errno != ENOENT) return fail(failure, errno, "remove its pins");
    }
    for (size_t index = 0; index < sizeof maps / sizeof *maps; index++) {
        place(path, folder, maps[index]);
        if (unlink(path) != 0 && errno != ENOENT) return fail(failure, errno, "remove its pins");
    }
    rmdir(folder);
    return was_there ? 1 : 0;
}
