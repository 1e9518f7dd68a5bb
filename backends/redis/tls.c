/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "tls.h"

#include <errno.h>

#ifdef REDIS_HAVE_TLS

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "pool.h"

struct redis_tls {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	int fd;
};

/* ---- OpenSSL's way to the socket: its own would raise SIGPIPE ------------ */

static int bio_write(BIO *bio, const char *data, int len)
{
	const redis_tls *tls = BIO_get_data(bio);
	ssize_t n = send(tls->fd, data, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return (int)n;
}

static int bio_read(BIO *bio, char *to, int len)
{
	const redis_tls *tls = BIO_get_data(bio);
	ssize_t n = recv(tls->fd, to, (size_t)len, 0);

	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *data)
{
	(void)bio;
	(void)number;
	(void)data;
	return command == BIO_CTRL_FLUSH;
}

static BIO *make_bio(redis_tls *tls)
{
	BIO *bio;

	tls->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "redis");
	if (!tls->method || !BIO_meth_set_write(tls->method, bio_write) ||
		!BIO_meth_set_read(tls->method, bio_read) ||
		!BIO_meth_set_ctrl(tls->method, bio_ctrl))
		return NULL;
	bio = BIO_new(tls->method);
	if (bio) {
		BIO_set_data(bio, tls);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* ---- the handshake ------------------------------------------------------ */

static int fault(const redis_tls *tls, const redis_address *address, agentrun_error **err)
{
	long verified = tls->ssl ? SSL_get_verify_result(tls->ssl) : X509_V_OK;
	char text[200] = "the connection was closed";

	if (verified != X509_V_OK) {
		ERR_clear_error();
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"redis at %s: its certificate is refused: %s", address->label,
			X509_verify_cert_error_string(verified));
	}
	if (ERR_peek_error())
		ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	return agentrun_error_raise(err, AGENTRUN_EBACKEND, "redis at %s: TLS: %s",
		address->label, text);
}

/* The name, or the address, must be the certificate's. */
static bool expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host))
		return true;
	ERR_clear_error();
	return SSL_set_tlsext_host_name(ssl, host) && SSL_set1_host(ssl, host);
}

static bool prepare(redis_tls *tls, const redis_address *address)
{
	BIO *bio;

	tls->ctx = SSL_CTX_new(TLS_client_method());
	if (!tls->ctx || !SSL_CTX_set_default_verify_paths(tls->ctx) ||
		!SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION))
		return false;
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	tls->ssl = SSL_new(tls->ctx);
	bio = tls->ssl ? make_bio(tls) : NULL;
	if (!bio)
		return false;
	SSL_set_bio(tls->ssl, bio, bio);
	return !address->host || expect_host(tls->ssl, address->host);
}

static int shake_hands(redis_tls *tls, const redis_address *address, agentrun_error **err)
{
	int64_t deadline = redis_clock_ms() + address->timeout_ms;

	for (;;) {
		int n = SSL_connect(tls->ssl), why = SSL_get_error(tls->ssl, n);
		struct pollfd fd = { .fd = tls->fd,
			.events = why == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN };
		int64_t left = deadline - redis_clock_ms();

		if (n == 1)
			return 0;
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return fault(tls, address, err);
		if (left <= 0 || poll(&fd, 1, (int)left) == 0)
			return agentrun_error_raise(err, AGENTRUN_EBACKEND,
				"redis at %s: TLS: no answer in time", address->label);
	}
}

int redis_tls_start(redis_tls **out, int fd, const redis_address *address,
	agentrun_error **err)
{
	redis_tls *tls = calloc(1, sizeof(*tls));
	int r;

	*out = NULL;
	if (!tls)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	tls->fd = fd;
	r = prepare(tls, address) ? shake_hands(tls, address, err)
		: fault(tls, address, err);
	if (r < 0)
		redis_tls_free(tls);
	else
		*out = tls;
	return r;
}

/* ---- reading and writing ------------------------------------------------ */

static ssize_t outcome(redis_tls *tls, int n)
{
	int why = SSL_get_error(tls->ssl, n);

	if (n > 0)
		return n;
	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN
		: ECONNRESET;
	return -1;
}

ssize_t redis_tls_write(redis_tls *tls, const char *data, size_t len)
{
	return outcome(tls, SSL_write(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX));
}

ssize_t redis_tls_read(redis_tls *tls, char *to, size_t len)
{
	return outcome(tls, SSL_read(tls->ssl, to, (int)len));
}

bool redis_tls_pending(const redis_tls *tls)
{
	return SSL_has_pending(tls->ssl);
}

void redis_tls_free(redis_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->ctx);
	BIO_meth_free(tls->method);
	free(tls);
}

#else


int redis_tls_start(redis_tls **out, int fd, const redis_address *address,
	agentrun_error **err)
{
	(void)fd;
	*out = NULL;
	return agentrun_error_raise(err, AGENTRUN_ECONFIG,
		"redis at %s: this build has no TLS", address->label);
}

ssize_t redis_tls_write(redis_tls *tls, const char *data, size_t len)
{
	(void)tls;
	(void)data;
	(void)len;
	errno = ENOTCONN;
	return -1;
}

ssize_t redis_tls_read(redis_tls *tls, char *to, size_t len)
{
	(void)tls;
	(void)to;
	(void)len;
	errno = ENOTCONN;
	return -1;
}

bool redis_tls_pending(const redis_tls *tls)
{
	(void)tls;
	return false;
}

void redis_tls_free(redis_tls *tls)
{
	(void)tls;
}

#endif
