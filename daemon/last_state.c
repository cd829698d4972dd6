/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/last_state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/directory.h"

/* {"services/web": {"revision": 34, "text": "..."}, ...} */

static int take_document(const char *key, const json_t *value, struct documents *documents)
{
	const json_t *text = json_object_get(value, "text");
	const json_t *revision = json_object_get(value, "revision");

	if (!json_is_string(text) || !json_is_integer(revision))
		return -EBADMSG;
	return documents_put(documents, key, json_string_value(text), json_string_length(text),
			     json_integer_value(revision));
}

int last_state_read(const char *path, struct documents *ret)
{
	_cleanup_(documents_clear) struct documents documents = {};
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	json_t *root, *value;
	const char *key;
	int r = 0;

	if (!file)
		return -errno;
	root = json_loadf(file, JSON_ALLOW_NUL, NULL);
	if (!json_is_object(root))
		r = -EBADMSG;
	json_object_foreach(root, key, value)
	{
		if (r == 0)
			r = take_document(key, value, &documents);
	}
	json_decref(root);
	if (r < 0)
		return r;
	*ret = documents;
	documents = (struct documents){};
	return 0;
}

static json_t *json_of(const struct documents *documents)
{
	json_t *root = json_object();

	for (size_t i = 0; i < documents->n; i++) {
		const struct document *document = &documents->list[i];

		json_object_set_new(root, document->key,
				    json_pack("{s:I s:s%}", "revision",
					      (json_int_t)document->revision, "text", document->text,
					      document->length));
	}
	return root;
}

static int write_beside(const char *path, const json_t *root)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (json_dumpfd(root, fd, JSON_INDENT(1)) < 0)
		return -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

int last_state_write(const char *path, const struct documents *documents)
{
	_cleanup_free_ char *beside = NULL;
	json_t *root;
	int r = directory_make_for(path, 0755);

	if (r < 0 || asprintf(&beside, "%s.new", path) < 0)
		return r < 0 ? r : -ENOMEM;
	root = json_of(documents);
	r = root ? write_beside(beside, root) : -ENOMEM;
	json_decref(root);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	return r;
}
