/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"

char *mend_text(const char *text, const struct mend_values *values)
{
	char *result = NULL;
	size_t size = 0, n = 0;
	FILE *to = open_memstream(&result, &size);

	if (!to)
		return NULL;
	while (*text) {
		const char *open = strchrnul(text, '{'), *close = strchrnul(open, '}');

		fwrite(text, 1, open - text, to);
		if (!*close) {
			fputs(open, to);
			break;
		}
		if (values && n < FINDING_VALUES_MAX && values->list[n])
			fputs(values->list[n], to);
		else
			fwrite(open + 1, 1, close - open - 1, to);
		n++;
		text = close + 1;
	}
	if (fclose(to) == 0)
		return result;
	free(result);
	return NULL;
}

static void finding_clear(struct finding *finding)
{
	free(finding->what);
	free(finding->where);
	free(finding->mend);
}

static int append(struct findings *findings, const struct finding *finding)
{
	struct finding *list;

	if (!finding->what || !finding->where || !finding->mend)
		return -1;
	list = reallocarray(findings->list, findings->n + 1, sizeof(*list));
	if (!list)
		return -1;
	list[findings->n++] = *finding;
	findings->list = list;
	return 0;
}

void findings_add(struct findings *findings, const struct check *check, const char *where,
		  const struct mend_values *values, const char *what, ...)
{
	struct finding finding = {
		.check = check,
		.where = strdup(where),
		.mend = mend_text(check->mend, values),
	};
	va_list arguments;

	va_start(arguments, what);
	if (vasprintf(&finding.what, what, arguments) < 0)
		finding.what = NULL;
	va_end(arguments);
	if (append(findings, &finding) < 0) {
		finding_clear(&finding);
		findings->lost++;
	}
}

json_t *findings_json(const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];

		json_array_append_new(list,
				      json_pack("{s:s s:s s:s s:s}", "check", finding->check->name,
						"what", finding->what, "where", finding->where,
						"mend", finding->mend));
	}
	return list;
}

void findings_print(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		printf("%s, %s: %s\n", findings->list[i].what, findings->list[i].where,
		       findings->list[i].mend);
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		finding_clear(&findings->list[i]);
	free(findings->list);
	*findings = (struct findings){};
}
