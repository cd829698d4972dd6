/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets per second through the XDP program of whoever is at the other end of a veth, with live frames
 * (BPF_F_TEST_XDP_LIVE_FRAMES): the driver's program writes SYNs of random flows, the kernel sends them
 * as a device would have received them, and a program at this end counts what comes back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "bench/frames.h"
#include "driver.skel.h"

#define BATCH 64
#define PORT 80
#define SETTLE_NS 20000000 /* the last ones are on their way back */

static const char help[] =
	"usage: holdfast-bench-live DEVICE PACKETS VIP MAC\n"
	"       holdfast-bench-live bare DEVICE\n"
	"\n"
	"Sends SYNs to the VIP over the device, to this MAC address, and prints how many of them\n"
	"came back per second. `bare` has the device send back what it gets, for comparison.\n";

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int open_driver(struct bench_driver **ret)
{
	struct bench_driver *driver = bench_driver__open_and_load();

	if (!driver) {
		log_error("cannot use BPF here: %s: run as root", strerror(errno));
		return -errno;
	}
	*ret = driver;
	return 0;
}

static int attach(int ifindex, int fd)
{
	int r = bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL);

	if (r < 0)
		log_error("cannot attach: %s", strerror(-r));
	return r;
}

static int frame_for(const char *vip, const char *mac, struct driver_frame *ret)
{
	struct frame_shape shape = {.v6 = true, .kind = FRAME_SYN, .port = PORT};
	union address server;
	unsigned int bytes[ETH_ALEN];

	if (address_parse(vip, &server) < 0 ||
	    sscanf(mac, "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4],
		   &bytes[5]) != ETH_ALEN) {
		fputs(help, stderr);
		return -EINVAL;
	}
	shape.server = &server;
	frame_build(&shape, ret);
	for (int i = 0; i < ETH_ALEN; i++)
		frame_bytes(ret)[i] = bytes[i];
	return 0;
}

static int send_frames(struct bench_driver *driver, int ifindex, int packets, double *ret_s)
{
	struct driver_frame *frame = &driver->bss->driver.frame;
	struct xdp_md context = {.data_end = frame->size, .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame_bytes(frame),
		    .data_size_in = frame->size, .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .repeat = packets, .batch_size = BATCH, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	double start = now_s();
	int r = bpf_prog_test_run_opts(bpf_program__fd(driver->progs.send_xdp), &options);

	*ret_s = now_s() - start;
	if (r < 0)
		log_error("cannot send live frames: %s", strerror(-r));
	return r;
}

/* With the program in front that was there before, at the end. */
static int count_packets(struct bench_driver *driver, int ifindex, int packets)
{
	__u32 before = 0;
	_cleanup_close_ int former = -1;
	double seconds;
	int r = bpf_xdp_query_id(ifindex, XDP_FLAGS_DRV_MODE, &before);

	if (r == 0 && before)
		former = bpf_prog_get_fd_by_id(before);
	if (r == 0)
		r = attach(ifindex, bpf_program__fd(driver->progs.count_xdp));
	if (r < 0)
		return r;
	r = send_frames(driver, ifindex, packets, &seconds);
	nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS}, NULL);
	attach(ifindex, former);
	if (r == 0)
		printf("%.0f\n", driver->bss->counted / seconds);
	return r;
}

static int run(int argc, char **argv)
{
	bool bare = argc == 3 && strcmp(argv[1], "bare") == 0;
	int ifindex = argc > 1 ? (int)if_nametoindex(argv[bare ? 2 : 1]) : 0, r;
	struct bench_driver *driver = NULL;

	if (!ifindex || (!bare && argc != 5)) {
		fputs(help, stderr);
		return -EINVAL;
	}
	r = open_driver(&driver);
	if (r < 0)
		return r;
	if (bare) {
		r = attach(ifindex, bpf_program__fd(driver->progs.floor_xdp));
	} else {
		driver->bss->driver.flows = DRIVER_FLOWS_MAX;
		r = frame_for(argv[3], argv[4], &driver->bss->driver.frame);
		if (r == 0)
			r = count_packets(driver, ifindex, atoi(argv[2]));
	}
	bench_driver__destroy(driver);
	return r;
}

int main(int argc, char **argv)
{
	return run(argc, argv) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
