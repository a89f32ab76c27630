// SPDX-License-Identifier: GPL-2.0
/*
 * TCP Brutal as a BPF program: a congestion control that sends at the rate it is told, whatever is lost, and the socket
 * options by which it is told (numbers, sizes and bounds are those of the kernel module, version 2).
 *
 * The kernel takes congestion controls under the GPL alone, so this file is GPL-2.0, unlike the rest of Causeway, and
 * stands by itself: no headers, only the kernel's fields that it uses, whose places the loader finds in the running
 * kernel's own type information.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
/* The loader moves accesses to where the running kernel has the field. */
#define KERNEL __attribute__((preserve_access_index))
/* Keeps the compiler from folding what the verifier has to see apart. */
#define OPAQUE(value) asm volatile("" : "+r"(value))

typedef struct {
	u32 val;
} KERNEL kuid_t;
struct sock {
	unsigned long sk_pacing_rate, sk_max_pacing_rate;
	u32 sk_pacing_status;
	kuid_t sk_uid;
} KERNEL;
struct inet_connection_sock {
	u64 icsk_ca_priv[13];
} KERNEL;
struct tcp_sock {
	u32 snd_cwnd, mss_cache, srtt_us, snd_cwnd_clamp, snd_ssthresh, write_seq, snd_nxt;
	u64 tcp_mstamp;
} KERNEL;
struct rate_sample {
	s32 delivered;
	long interval_us;
	int losses;
	u32 acked_sacked;
} KERNEL;
struct bpf_sock;
struct bpf_sockopt {
	struct bpf_sock *sk;
	void *optval, *optval_end;
	s32 level, optname, optlen, retval;
} KERNEL;
struct tcp_congestion_ops {
	u32 (*ssthresh)(u64 *);
	void (*cong_control)(u64 *);
	u32 (*undo_cwnd)(u64 *);
	void (*init)(u64 *);
	void (*release)(u64 *);
	u32 flags;
	char name[16];
};

enum { SK_PACING_NONE = 0, SK_PACING_NEEDED = 1 };
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_SK_STORAGE = 24 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_CLONE = 0x200 };
enum { BPF_SK_STORAGE_GET_F_CREATE = 1, BPF_NOEXIST = 1 };
enum { TCP_CONG_NON_RESTRICTED = 1 };
enum { SOL_TCP_LEVEL = 6, TCP_CONGESTION = 13 };
enum { EINVAL = 22, ENOMEM = 12 };

/* The helpers' numbers are the kernel's interface (linux/bpf.h). */
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u64 (*bpf_get_current_uid_gid)(void) = (void *)15;
static long (*bpf_getsockopt)(void *context, int level, int name, char *value, int size) = (void *)57;
static void *(*bpf_sk_storage_get)(void *map, void *sk, void *value, u64 flags) = (void *)107;
static long (*bpf_sk_storage_delete)(void *map, void *sk) = (void *)108;
static int (*bpf_set_retval)(int value) = (void *)187;

char LICENSE[] SEC("license") = "GPL";

/* --- the interface ----------------------------------------------------- */

#define OPTION_PARAMETERS 23301
#define OPTION_VERSION 23302
/* 2.0: with groups. The last byte says that it is not the module. */
#define VERSION 0x0200ffU
#define RATE_LEAST 62500ULL
#define RATE_MOST 125000000000ULL
#define RATE_AT_FIRST 125000ULL
#define GAIN_LEAST 5
#define GAIN_MOST 80
#define GAIN_AT_FIRST 20
#define NAME_AS_WORD 0x00006c6174757262ULL /* "brutal" and two zero bytes */

struct parameters {
	u64 rate; /* bytes per second */
	u32 gain; /* tenths */
	u64 group; /* 0: none */
} __attribute__((packed));

/* --- what is kept ------------------------------------------------------ */

/* Of a socket. */
struct settings {
	u64 rate;
	u64 group;
	u32 gain;
	u32 epoch; /* when the socket was last counted among those of its group that send */
};

/* A group is a user's: two users with one number are two groups. */
struct group_key {
	u64 number;
	u32 uid;
	u32 unused;
};

/*
 * A program may not move a socket's departure clock, so sockets share a rate by division: each has the group's rate
 * over the number of those that had something to send in this epoch or the last one, whichever are more.
 */
#define EPOCH_US 200000
struct group {
	u64 rate;
	u32 gain;
	u32 members;
	u32 epoch;
	u32 sending; /* in this epoch, so far */
	u32 sent; /* in the one before */
	u32 unused;
};

struct {
	int (*type)[BPF_MAP_TYPE_SK_STORAGE];
	int (*map_flags)[BPF_F_NO_PREALLOC | BPF_F_CLONE];
	int *key;
	struct settings *value;
} settings SEC(".maps");

struct {
	int (*type)[BPF_MAP_TYPE_HASH];
	int (*map_flags)[BPF_F_NO_PREALLOC];
	int (*max_entries)[65536];
	struct group_key *key;
	struct group *value;
} groups SEC(".maps");

/* Which program is loaded; the loader writes it. */
struct {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	int (*max_entries)[1];
	u32 *key;
	u64 *value;
} build SEC(".maps");

/* Whether cong_control gets (sk, ack, flag, rs), as from 6.10 on, or (sk, rs). The loader knows. */
const volatile int sample_is_fourth = 1;

/* --- groups ------------------------------------------------------------ */

INLINE void leave(u64 number, u32 uid)
{
	struct group_key key = {.number = number, .uid = uid};
	struct group *group = bpf_map_lookup_elem(&groups, &key);

	if (group && __sync_fetch_and_sub(&group->members, 1) <= 1)
		bpf_map_delete_elem(&groups, &key);
}

/* This socket's part of its group's rate. */
INLINE u64 part(struct tcp_sock *tcp, struct settings *own, u32 *gain)
{
	struct group_key key = {.number = own->group, .uid = ((struct sock *)tcp)->sk_uid.val};
	struct group *group = bpf_map_lookup_elem(&groups, &key);
	u32 before, now, count;

	if (!group)
		return own->rate;
	now = (u32)(tcp->tcp_mstamp / EPOCH_US);
	before = group->epoch;
	if (before != now && __sync_val_compare_and_swap(&group->epoch, before, now) == before) {
		count = group->sending;
		group->sending = 0;
		group->sent = now - before == 1 ? count : 0;
	}
	if (own->epoch != now && tcp->write_seq != tcp->snd_nxt) {
		own->epoch = now;
		__sync_fetch_and_add(&group->sending, 1);
	}
	count = group->sending > group->sent ? group->sending : group->sent;
	*gain = group->gain;
	return group->rate / (count ? count : 1);
}

/* --- the algorithm ----------------------------------------------------- */

#define SECONDS 5
#define SAMPLES_LEAST 50
#define PERCENT_LEAST 80
#define WINDOW_LEAST 4

/* Segments of one second, in icsk_ca_priv. */
struct second {
	u32 number, acked, lost;
};
struct history {
	struct second seconds[SECONDS];
};

INLINE void apply(struct tcp_sock *tcp, struct settings *own, u32 acked, u32 lost)
{
	struct sock *sk = (struct sock *)tcp;
	u32 gain = own->gain, percent = 100, size = tcp->mss_cache, round_trip = tcp->srtt_us >> 3;
	u64 rate, window, most;

	if (acked + lost >= SAMPLES_LEAST) {
		percent = (u64)acked * 100 / (acked + lost);
		if (percent < PERCENT_LEAST)
			percent = PERCENT_LEAST;
	}
	if (round_trip < 1000)
		round_trip = 1000;
	if (!size)
		size = 536;
	rate = (own->group ? part(tcp, own, &gain) : own->rate) * 100 / percent;
	window = rate / 1000 * round_trip / 1000 * gain / 10 / size;
	if (window > tcp->snd_cwnd_clamp)
		window = tcp->snd_cwnd_clamp;
	if (window < WINDOW_LEAST)
		window = WINDOW_LEAST;
	if (window > 0x7fffffff)
		window = 0x7fffffff;
	tcp->snd_cwnd = window;
	most = sk->sk_max_pacing_rate;
	sk->sk_pacing_rate = rate < most ? rate : most;
}

SEC("struct_ops/brutal_init")
void brutal_init(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct settings *own = bpf_sk_storage_get(&settings, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (own && !own->rate) {
		own->rate = RATE_AT_FIRST;
		own->gain = GAIN_AT_FIRST;
	}
	tcp->snd_ssthresh = 0x7fffffff;
	if (sk->sk_pacing_status == SK_PACING_NONE)
		sk->sk_pacing_status = SK_PACING_NEEDED;
	if (own && tcp->srtt_us)
		apply(tcp, own, 0, 0);
}

SEC("struct_ops/brutal_release")
void brutal_release(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	struct settings *own = bpf_sk_storage_get(&settings, sk, 0, 0);

	if (own && own->group)
		leave(own->group, sk->sk_uid.val);
	bpf_sk_storage_delete(&settings, sk);
}

INLINE void acknowledged(struct sock *sk, const struct rate_sample *sample)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct history *history = (struct history *)((struct inet_connection_sock *)sk)->icsk_ca_priv;
	struct settings *own;
	u32 now, index, acked = 0, lost = 0;

	if (sample->delivered < 0 || sample->interval_us <= 0)
		return;
	own = bpf_sk_storage_get(&settings, sk, 0, 0);
	if (!own || !own->rate)
		return;
	now = (u32)(tcp->tcp_mstamp / 1000000);
#pragma unroll
	for (index = 0; index < SECONDS; index++) {
		struct second *second = &history->seconds[index];

		if (now % SECONDS == index) {
			if (second->number == now) {
				second->acked += sample->acked_sacked;
				second->lost += sample->losses;
			} else {
				second->number = now;
				second->acked = sample->acked_sacked;
				second->lost = sample->losses;
			}
		}
		if (now - second->number < SECONDS) {
			acked += second->acked;
			lost += second->lost;
		}
	}
	apply(tcp, own, acked, lost);
}

SEC("struct_ops/brutal_cong_control")
void brutal_cong_control(u64 *context)
{
	/* Frozen by the loader, so that the verifier looks at one branch alone. */
	if (sample_is_fourth) {
		const struct rate_sample *sample = (void *)context[3];

		OPAQUE(sample);
		acknowledged((struct sock *)context[0], sample);
	} else {
		const struct rate_sample *sample = (void *)context[1];

		OPAQUE(sample);
		acknowledged((struct sock *)context[0], sample);
	}
}

SEC("struct_ops/brutal_ssthresh")
u32 brutal_ssthresh(u64 *context)
{
	return ((struct tcp_sock *)context[0])->snd_ssthresh;
}

SEC("struct_ops/brutal_undo_cwnd")
u32 brutal_undo_cwnd(u64 *context)
{
	return ((struct tcp_sock *)context[0])->snd_cwnd;
}

SEC(".struct_ops")
struct tcp_congestion_ops brutal = {
	.ssthresh = brutal_ssthresh,
	.cong_control = brutal_cong_control,
	.undo_cwnd = brutal_undo_cwnd,
	.init = brutal_init,
	.release = brutal_release,
	.flags = TCP_CONG_NON_RESTRICTED,
	.name = "brutal",
};

/* --- the socket options, as hooks of a cgroup -------------------------- */

/* Of larger values the hooks see a page; the kernel is to use the caller's own. */
INLINE int pass(struct bpf_sockopt *context)
{
	if (context->optlen > 4096)
		context->optlen = 0;
	return 1;
}

INLINE int refuse(int error)
{
	bpf_set_retval(-error);
	return 0;
}

/* Makes the socket one of a group's, which has this rate from now on. */
INLINE int join(struct settings *own, u64 number, u32 uid, u64 rate, u32 gain)
{
	struct group_key key = {.number = number, .uid = uid};
	struct group *group = bpf_map_lookup_elem(&groups, &key);

	if (!group) {
		struct group none = {};

		bpf_map_update_elem(&groups, &key, &none, BPF_NOEXIST);
		group = bpf_map_lookup_elem(&groups, &key);
		if (!group)
			return 0;
	}
	if (own->group != number)
		__sync_fetch_and_add(&group->members, 1);
	group->rate = rate;
	group->gain = gain;
	return 1;
}

SEC("cgroup/setsockopt")
int brutal_setsockopt(struct bpf_sockopt *context)
{
	struct parameters *wanted = context->optval;
	void *end = context->optval_end;
	char name[16] __attribute__((aligned(8))) = {};
	struct settings *own;
	u64 rate, group = 0;
	u32 gain, uid;

	if (context->level != SOL_TCP_LEVEL || context->optname != OPTION_PARAMETERS)
		return pass(context);
	/* On a socket that has not selected brutal the kernel itself says that there is no such option. */
	if (!context->sk || bpf_getsockopt(context->sk, SOL_TCP_LEVEL, TCP_CONGESTION, name, sizeof(name))
	    || *(u64 *)name != NAME_AS_WORD)
		return 1;
	if (context->optlen < 12 || (void *)wanted + 12 > end)
		return refuse(EINVAL);
	rate = wanted->rate;
	gain = wanted->gain;
	if (context->optlen >= 20 && (void *)(wanted + 1) <= end)
		group = wanted->group;
	if (rate < RATE_LEAST || rate > RATE_MOST || gain < GAIN_LEAST || gain > GAIN_MOST)
		return refuse(EINVAL);
	own = bpf_sk_storage_get(&settings, context->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!own)
		return refuse(ENOMEM);
	uid = bpf_get_current_uid_gid();
	if (own->group && own->group != group)
		leave(own->group, uid);
	if (group && !join(own, group, uid, rate, gain))
		return refuse(ENOMEM);
	own->rate = rate;
	own->gain = gain;
	own->group = group;
	/* Done: the kernel's own handler, which knows no such option, is not asked. */
	context->optlen = -1;
	return 1;
}

SEC("cgroup/getsockopt")
int brutal_getsockopt(struct bpf_sockopt *context)
{
	struct parameters *answer = context->optval;
	void *end = context->optval_end;
	struct settings *own;

	if (context->level != SOL_TCP_LEVEL
	    || (context->optname != OPTION_PARAMETERS && context->optname != OPTION_VERSION))
		return pass(context);
	if (!context->sk)
		return 1;
	own = bpf_sk_storage_get(&settings, context->sk, 0, 0);
	if (!own)
		return 1;
	if (context->optname == OPTION_VERSION) {
		if ((void *)answer + 4 > end)
			return 1;
		*(u32 *)answer = VERSION;
		context->optlen = 4;
	} else {
		if ((void *)answer + 12 > end)
			return 1;
		answer->rate = own->rate;
		answer->gain = own->gain;
		if (context->optlen >= 20 && (void *)(answer + 1) <= end) {
			answer->group = own->group;
			context->optlen = 20;
		} else {
			context->optlen = 12;
		}
	}
	context->retval = 0;
	return 1;
}
