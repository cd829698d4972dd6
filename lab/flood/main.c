/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-flood: TCP packets from many senders that do not exist, to see what they cost the living. A
 * tool of the lab: it runs in no network namespace but the lab's own, and never for long.
 *
 * Half of the packets carry timestamps, whose echo is a random number, as a forged cookie would be.
 */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/log.h"
#include "lab/load/options.h"
#include "lab/load/socket.h"
#include "lab/load/stream.h"

#define PACKETS_MAX 200000
#define RATE_MAX 20000 /* a second */
#define BATCH_MS 10
#define SENDERS 250 /* addresses behind --from, each with so many ports */
#define FIRST_PORT 30000 /* the living of the lab have lower ones */
#define PORTS 35000
#define PAYLOAD 32

struct settings {
	const char *kind, *from, *to;
	uint32_t packets, rate;
};

#define SETTING(name) offsetof(struct settings, name)

static const struct option_row rows[] = {
	{"--kind", "syn|data", "new connections, or segments in the middle of none", OPTION_TEXT,
	 SETTING(kind)},
	{"--from", "ADDRESS", "of the first sender", OPTION_TEXT, SETTING(from)},
	{"--to", "ADDRESS:PORT", "the service", OPTION_TEXT, SETTING(to)},
	{"--packets", "N", "in all", OPTION_NUMBER, SETTING(packets)},
	{"--rate", "N", "a second", OPTION_NUMBER, SETTING(rate)},
	{},
};

struct flood {
	union address from;
	struct endpoint to;
	bool syn, v4;
	uint64_t random;
	int fd;
	struct sockaddr_storage address;
	socklen_t address_size;
};

/* TCP behind room for the larger of the two headers in front of it. */
struct packet {
	struct tcphdr tcp;
	uint8_t rest[12 + PAYLOAD];
} __attribute__((packed));

static uint64_t draw(struct flood *flood) { return flood->random = stream_mix(flood->random + 1); }

static uint32_t sum_words(const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += at[i] << 8 | at[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* Its size. */
static size_t fill_tcp(struct flood *flood, struct packet *packet)
{
	static const uint8_t timestamps[12] = {1, 1, 8, 10};
	bool stamped = draw(flood) & 1;
	size_t header = sizeof(packet->tcp) + (stamped ? sizeof(timestamps) : 0);
	uint64_t values = draw(flood);

	memset(packet, 0, sizeof(*packet));
	packet->tcp.source = htons(FIRST_PORT + draw(flood) % PORTS);
	packet->tcp.dest = flood->to.port;
	packet->tcp.seq = (uint32_t)draw(flood);
	packet->tcp.window = htons(1000);
	packet->tcp.doff = header / 4;
	packet->tcp.syn = flood->syn;
	if (!flood->syn) {
		packet->tcp.ack = packet->tcp.psh = 1;
		packet->tcp.ack_seq = (uint32_t)draw(flood);
	}
	if (stamped) {
		memcpy(packet->rest, timestamps, sizeof(timestamps));
		memcpy(packet->rest + 4, &values, flood->syn ? 4 : 8);
	}
	return header + (flood->syn ? 0 : PAYLOAD);
}

static int send_v4(const struct flood *flood, const union address *from, const struct packet *tcp,
		   size_t n)
{
	uint8_t bytes[sizeof(struct iphdr) + sizeof(*tcp)];
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
			   .saddr = from->words[3], .daddr = flood->to.address.words[3]};
	struct packet sealed = *tcp;

	sealed.tcp.check = fold(sum_words(&ip.saddr, 8) + IPPROTO_TCP + n + sum_words(tcp, n));
	ip.tot_len = htons(sizeof(ip) + n);
	memcpy(bytes, &ip, sizeof(ip));
	memcpy(bytes + sizeof(ip), &sealed, n);
	return sendto(flood->fd, bytes, sizeof(ip) + n, 0, (const struct sockaddr *)&flood->address,
		      flood->address_size);
}

static int send_v6(const struct flood *flood, const union address *from, const struct packet *tcp,
		   size_t n)
{
	uint8_t bytes[sizeof(struct ip6_hdr) + sizeof(*tcp)];
	struct ip6_hdr ip = {.ip6_hlim = 64, .ip6_nxt = IPPROTO_TCP};
	struct packet sealed = *tcp;

	ip.ip6_vfc = 6 << 4;
	ip.ip6_plen = htons(n);
	memcpy(&ip.ip6_src, from, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, &flood->to.address, sizeof(ip.ip6_dst));
	sealed.tcp.check = fold(sum_words(&ip.ip6_src, 32) + IPPROTO_TCP + n + sum_words(tcp, n));
	memcpy(bytes, &ip, sizeof(ip));
	memcpy(bytes + sizeof(ip), &sealed, n);
	return sendto(flood->fd, bytes, sizeof(ip) + n, 0, (const struct sockaddr *)&flood->address,
		      flood->address_size);
}

static int send_one(struct flood *flood)
{
	union address from = flood->from;
	struct packet packet;
	size_t n = fill_tcp(flood, &packet);

	from.bytes[15] += 1 + draw(flood) % SENDERS;
	return flood->v4 ? send_v4(flood, &from, &packet, n) : send_v6(flood, &from, &packet, n);
}

/* 0, or -EINVAL with a line on stderr. */
static int take(const struct settings *settings, struct flood *flood)
{
	if (!settings->kind || (strcmp(settings->kind, "syn") && strcmp(settings->kind, "data")) ||
	    !settings->from || address_parse(settings->from, &flood->from) < 0 || !settings->to ||
	    endpoint_parse(settings->to, &flood->to) < 0 ||
	    address_is_v4(&flood->from) != address_is_v4(&flood->to.address)) {
		log_error("needs --kind, and --from and --to of one family");
		return -EINVAL;
	}
	if (!settings->packets || settings->packets > PACKETS_MAX || !settings->rate ||
	    settings->rate > RATE_MAX) {
		log_error("at most %d packets, %d a second", PACKETS_MAX, RATE_MAX);
		return -EINVAL;
	}
	flood->syn = strcmp(settings->kind, "syn") == 0;
	flood->v4 = address_is_v4(&flood->to.address);
	return 0;
}

/* The lab's nodes are named network namespaces; the host's own network is none of them. */
static bool is_in_the_lab(void)
{
	DIR *names = opendir("/run/netns");
	const struct dirent *entry;
	struct stat own, named;
	bool found = false;

	if (!names)
		return false;
	if (stat("/proc/self/ns/net", &own) == 0)
		while (!found && (entry = readdir(names)))
			found = fstatat(dirfd(names), entry->d_name, &named, 0) == 0 &&
				named.st_ino == own.st_ino && named.st_dev == own.st_dev;
	closedir(names);
	return found;
}

static int flood_open(struct flood *flood)
{
	/* A raw socket takes no port. */
	struct endpoint to = {flood->to.address, 0};

	flood->fd = socket(flood->v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	flood->address_size = socket_address(&to, &to.address, &flood->address);
	flood->random = stream_mix(time(NULL) ^ (uint64_t)getpid() << 32);
	return flood->fd < 0 ? -errno : 0;
}

/* So many that were handed to the network. */
static uint32_t run(struct flood *flood, const struct settings *settings)
{
	const struct timespec pause = {.tv_nsec = BATCH_MS * 1000000};
	uint32_t sent = 0, batch = settings->rate * BATCH_MS / 1000 + 1;

	for (uint32_t i = 0; i < settings->packets; i++) {
		sent += send_one(flood) >= 0;
		if (i == 0) {
			printf("begun\n");
			fflush(stdout);
		}
		if (i % batch == batch - 1)
			nanosleep(&pause, NULL);
	}
	return sent;
}

int main(int argc, char **argv)
{
	struct settings settings = {};
	struct flood flood = {};
	int r = options_parse(rows, argc - 1, argv + 1, &settings);

	if (r == 0)
		r = take(&settings, &flood);
	if (r < 0)
		return 2;
	if (!is_in_the_lab()) {
		log_error("only for a network namespace of the lab's");
		return EXIT_FAILURE;
	}
	r = flood_open(&flood);
	if (r < 0) {
		log_error("cannot open a raw socket: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	printf("{\"kind\": \"%s\", \"to\": \"%s\", \"sent\": %u}\n", settings.kind, settings.to,
	       run(&flood, &settings));
	return EXIT_SUCCESS;
}
