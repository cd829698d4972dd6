/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/transfers.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define ACCURACY_US 1000
#define KEEP_IDLE_S 4
#define KEEP_INTERVAL_S 2

struct transfers {
	CURLM *multi;
	sd_event *event;
	sd_event_source *timer;
	transfer_ended_fn ended;
};

static void take_ends(struct transfers *transfers)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transfers->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		void *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		transfers->ended(easy, result, private);
	}
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct transfers *transfers = userdata;
	int running;

	curl_multi_socket_action(transfers->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_ends(transfers);
	return 0;
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct transfers *transfers = userdata;
	int running, mask = 0;

	mask |= events & EPOLLIN ? CURL_CSELECT_IN : 0;
	mask |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
	mask |= events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
	curl_multi_socket_action(transfers->multi, fd, mask, &running);
	take_ends(transfers);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *userdata)
{
	struct transfers *transfers = userdata;

	if (timeout_ms < 0)
		return sd_event_source_set_enabled(transfers->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(transfers->timer, timeout_ms * 1000ULL) < 0)
		return -1;
	return sd_event_source_set_enabled(transfers->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* curl closes the socket right after CURL_POLL_REMOVE, so the source goes first. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *assigned)
{
	struct transfers *transfers = userdata;
	sd_event_source *source = assigned;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		curl_multi_assign(transfers->multi, fd, NULL);
		return 0;
	}
	if (source)
		return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
	if (sd_event_add_io(transfers->event, &source, fd, events, on_socket, transfers) < 0)
		return -1;
	curl_multi_assign(transfers->multi, fd, source);
	return 0;
}

int transfers_new(sd_event *event, transfer_ended_fn ended, struct transfers **ret)
{
	struct transfers *transfers = calloc(1, sizeof(*transfers));
	int r;

	if (!transfers)
		return -ENOMEM;
	transfers->event = sd_event_ref(event);
	transfers->ended = ended;
	transfers->multi = curl_multi_init();
	r = transfers->multi ? 0 : -ENOMEM;
	if (r >= 0)
		r = sd_event_add_time_relative(event, &transfers->timer, CLOCK_MONOTONIC, 0,
					       ACCURACY_US, on_timer, transfers);
	if (r >= 0)
		r = sd_event_source_set_enabled(transfers->timer, SD_EVENT_OFF);
	if (r < 0) {
		transfers_free(transfers);
		return r;
	}
	curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers);
	curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers);
	*ret = transfers;
	return 0;
}

struct transfers *transfers_free(struct transfers *transfers)
{
	if (!transfers)
		return NULL;
	if (transfers->multi)
		curl_multi_cleanup(transfers->multi);
	sd_event_source_disable_unref(transfers->timer);
	sd_event_unref(transfers->event);
	free(transfers);
	return NULL;
}

/*
 * libcurl looks a name up in a thread, and who gives up meanwhile waits for it: for ten seconds and more, when the
 * nameserver is silent. With QUICK_EXIT the thread is left to itself, and frees what it has when it is through
 * (libcurl 7.88.1: Curl_resolver_kill, destroy_async_data), so nothing is lost as long as the process lives.
 */
int transfers_add(struct transfers *transfers, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	return curl_multi_add_handle(transfers->multi, easy) == CURLM_OK ? 0 : -ENOMEM;
}

void transfers_remove(struct transfers *transfers, CURL *easy)
{
	curl_multi_remove_handle(transfers->multi, easy);
}

/* TCP_USER_TIMEOUT counts in place of the number of probes, and for what was sent and is not confirmed, too (tcp(7)). */
static int keep_alive(void *userdata, curl_socket_t fd, curlsocktype purpose)
{
	const int on = 1, idle_s = KEEP_IDLE_S, interval_s = KEEP_INTERVAL_S;
	const unsigned int silence_ms = TRANSFERS_SILENCE_MS;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms)) < 0)
		return CURL_SOCKOPT_ERROR;
	return CURL_SOCKOPT_OK;
}

void transfers_keep_alive(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, keep_alive);
}
