/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/faults.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static const struct row {
	const char *name, *text;
} rows[FAULTS] = {
#define X(constant, name, text) [FAULT_##constant] = {name, text},
	FAULT_ROWS(X)
#undef X
};

enum fault fault_of(int error)
{
	switch (-error) {
	case ECONNRESET:
	case EPIPE:
		return FAULT_RESET;
	case ENODATA:
		return FAULT_CLOSED;
	case ETIMEDOUT:
		return FAULT_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return FAULT_UNREACHABLE;
	case ECONNREFUSED:
		return FAULT_REFUSED;
	case EBADMSG:
		return FAULT_WRONG_BYTE;
	default:
		return FAULT_SOCKET;
	}
}

void fault_found(struct tally *tally, enum fault fault, const struct endpoint *here,
		 const struct endpoint *there, const char *name, uint64_t ms)
{
	char ours[ENDPOINT_TEXT_MAX], theirs[ENDPOINT_TEXT_MAX];
	struct timespec now;

	tally->of[fault]++;
	clock_gettime(CLOCK_REALTIME, &now);
	printf("{\"time\": %lld.%03ld, \"fault\": \"%s\", \"text\": \"%s\", \"here\": \"%s\", "
	       "\"there\": \"%s\", \"server\": \"%s\", \"due_ms\": %llu}\n",
	       (long long)now.tv_sec, now.tv_nsec / 1000000, rows[fault].name, rows[fault].text,
	       endpoint_format(here, ours), endpoint_format(there, theirs), name ? name : "",
	       (unsigned long long)ms);
	fflush(stdout);
}

json_t *tally_json(const struct tally *tally)
{
	json_t *json = json_object();

	for (int i = 0; i < FAULTS; i++)
		json_object_set_new(json, rows[i].name, json_integer(tally->of[i]));
	return json;
}

uint64_t tally_sum(const struct tally *tally)
{
	uint64_t sum = 0;

	for (int i = 0; i < FAULTS; i++)
		sum += tally->of[i];
	return sum;
}
