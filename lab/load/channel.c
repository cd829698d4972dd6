/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK 4096

void channel_init(struct channel *channel, int fd, const struct endpoint *here,
		  const struct endpoint *there)
{
	*channel = (struct channel){.fd = fd,
				    .out.stream = stream_between(here, there),
				    .in.stream = stream_between(there, here)};
}

static uint32_t size_of(const struct half *half)
{
	return sizeof(half->head) + be32toh(half->head.length);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

int channel_send(struct channel *channel, const struct message *message)
{
	struct half *out = &channel->out;

	if (out->busy)
		return -EBUSY;
	out->head = *message;
	out->head.sequence = htobe32(out->sequence);
	message_seal(&out->head, out->stream.key);
	out->done = 0;
	out->busy = true;
	return channel_flush(channel);
}

/* What comes next of the message: of its head, or of the stream, which does not move yet. */
static uint32_t next_chunk(const struct channel *channel, uint8_t chunk[static CHUNK])
{
	const struct half *out = &channel->out;
	struct stream stream = out->stream;
	uint32_t n;

	if (out->done < sizeof(out->head)) {
		n = sizeof(out->head) - out->done;
		memcpy(chunk, (const uint8_t *)&out->head + out->done, n);
		return n;
	}
	n = smaller(size_of(out) - out->done, CHUNK);
	stream_take(&stream, chunk, n);
	if (channel->flip && out->done + n == size_of(out))
		chunk[n - 1] ^= 1;
	return n;
}

static void wrote(struct half *out, uint32_t n)
{
	if (out->done >= sizeof(out->head))
		out->stream.at += n;
	out->done += n;
	out->bytes += n;
}

int channel_flush(struct channel *channel)
{
	struct half *out = &channel->out;
	uint8_t chunk[CHUNK];

	while (out->busy) {
		uint32_t n = next_chunk(channel, chunk);
		ssize_t sent = send(channel->fd, chunk, n, MSG_NOSIGNAL);

		if (sent < 0)
			return -errno;
		wrote(out, sent);
		if (out->done == size_of(out)) {
			out->busy = false;
			out->sequence++;
			channel->flip = false;
		}
	}
	return 0;
}

/* Looks at bytes that came; no more of them than the head or the message had left. */
static int take_in(struct half *in, const uint8_t *chunk, uint32_t n)
{
	uint32_t done = in->done;

	in->bytes += n;
	in->done += n;
	if (done >= sizeof(in->head))
		return stream_matches(&in->stream, chunk, n) ? 0 : -EBADMSG;
	memcpy((uint8_t *)&in->head + done, chunk, n);
	if (in->done < sizeof(in->head))
		return 0;
	return message_is_good(&in->head, in->stream.key) &&
			       in->head.sequence == htobe32(in->sequence)
		       ? 0
		       : -EBADMSG;
}

int channel_receive(struct channel *channel, struct message *ret)
{
	struct half *in = &channel->in;
	uint8_t chunk[CHUNK];

	while (true) {
		uint32_t size = in->done < sizeof(in->head) ? sizeof(in->head) : size_of(in);
		ssize_t n = recv(channel->fd, chunk, smaller(size - in->done, CHUNK), 0);

		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -ENODATA;
		if (take_in(in, chunk, n) < 0)
			return -EBADMSG;
		if (in->done >= sizeof(in->head) && in->done == size_of(in)) {
			in->done = 0;
			in->sequence++;
			*ret = in->head;
			return 1;
		}
	}
}
