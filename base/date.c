/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/date.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define FORMAT "%Y-%m-%dT%H:%M:%SZ"
#define END_OF_9999 253402300799ULL

const char *date_format(uint64_t seconds, char text[static DATE_TEXT_MAX])
{
	time_t time = seconds < END_OF_9999 ? seconds : END_OF_9999;
	struct tm parts;

	gmtime_r(&time, &parts);
	strftime(text, DATE_TEXT_MAX, FORMAT, &parts);
	return text;
}

int date_parse(const char *text, uint64_t *ret)
{
	struct tm parts = {};
	const char *end = strptime(text, FORMAT, &parts);
	char again[DATE_TEXT_MAX];
	time_t seconds;

	if (!end || *end)
		return -EINVAL;
	/* strptime(3) takes the 31st of February, spaces and short numbers, too. */
	seconds = timegm(&parts);
	if (seconds < 0 || strcmp(date_format(seconds, again), text) != 0)
		return -EINVAL;
	*ret = seconds;
	return 0;
}
