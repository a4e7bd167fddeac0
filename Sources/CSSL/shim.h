/* OpenSSL for Swift. Swift sees neither macros with arguments nor the typed stacks made of them: each that is needed
 * is a function of the same name with CSSL_ for SSL_ (or CSSL_ in front). Nothing is decided here. */
#ifndef CSSL_SHIM_H
#define CSSL_SHIM_H

#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

/* Options; the constants are macros that cast. */
static inline uint64_t CSSL_OP_NO_RENEGOTIATION(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t CSSL_OP_NO_COMPRESSION(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t CSSL_OP_NO_TICKET(void) { return SSL_OP_NO_TICKET; }
static inline uint64_t CSSL_OP_CIPHER_SERVER_PREFERENCE(void) { return SSL_OP_CIPHER_SERVER_PREFERENCE; }
static inline uint64_t CSSL_OP_PRIORITIZE_CHACHA(void) { return SSL_OP_PRIORITIZE_CHACHA; }

/* Setters that go through SSL_CTX_ctrl and SSL_ctrl. */
static inline long CSSL_CTX_set_mode(SSL_CTX *c, long m) { return SSL_CTX_set_mode(c, m); }
static inline int CSSL_CTX_set_min_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_min_proto_version(c, v); }
static inline int CSSL_CTX_set_max_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_max_proto_version(c, v); }
static inline int CSSL_set_min_proto_version(SSL *s, int v) { return (int)SSL_set_min_proto_version(s, v); }
static inline int CSSL_set_max_proto_version(SSL *s, int v) { return (int)SSL_set_max_proto_version(s, v); }
static inline int CSSL_CTX_set1_groups_list(SSL_CTX *c, const char *l) {
    return (int)SSL_CTX_set1_groups_list(c, (char *)l);
}
static inline int CSSL_set1_groups_list(SSL *s, const char *l) { return (int)SSL_set1_groups_list(s, (char *)l); }
static inline void CSSL_CTX_set_session_cache_mode(SSL_CTX *c, long m) { SSL_CTX_set_session_cache_mode(c, m); }
static inline void CSSL_CTX_set_dh_auto(SSL_CTX *c, int on) { SSL_CTX_set_dh_auto(c, on); }
static inline int CSSL_set_tlsext_host_name(SSL *s, const char *n) {
    return (int)SSL_set_tlsext_host_name(s, (char *)n);
}
static inline int CSSL_get_extms_support(SSL *s) { return (int)SSL_get_extms_support(s); }
static inline void CSSL_set_app_data(SSL *s, void *p) { SSL_set_app_data(s, p); }
static inline void *CSSL_get_app_data(const SSL *s) { return SSL_get_app_data(s); }

/* The flags of a BIO. */
static inline void CSSL_BIO_set_retry_read(BIO *b) { BIO_set_retry_read(b); }
static inline void CSSL_BIO_clear_retry_flags(BIO *b) { BIO_clear_retry_flags(b); }
static inline long CSSL_BIO_get_mem_data(BIO *b, char **p) { return BIO_get_mem_data(b, p); }

/* Stacks. */
static inline STACK_OF(X509) *CSSL_sk_X509_new(void) { return sk_X509_new_null(); }
static inline void CSSL_sk_X509_push(STACK_OF(X509) *s, X509 *x) { sk_X509_push(s, x); }
static inline void CSSL_sk_X509_free(STACK_OF(X509) *s) { sk_X509_free(s); }
static inline STACK_OF(X509_NAME) *CSSL_sk_X509_NAME_new(void) { return sk_X509_NAME_new_null(); }
static inline void CSSL_sk_X509_NAME_push(STACK_OF(X509_NAME) *s, X509_NAME *n) { sk_X509_NAME_push(s, n); }
static inline int CSSL_sk_GENERAL_NAME_num(const GENERAL_NAMES *s) { return sk_GENERAL_NAME_num(s); }
static inline GENERAL_NAME *CSSL_sk_GENERAL_NAME_value(const GENERAL_NAMES *s, int i) {
    return sk_GENERAL_NAME_value(s, i);
}
/* The text, address or URI of a general name; NULL for the kinds that are none of them. */
static inline const ASN1_STRING *CSSL_GENERAL_NAME_string(const GENERAL_NAME *n) {
    return n->type == GEN_DNS || n->type == GEN_EMAIL || n->type == GEN_IPADD ? n->d.ia5 : NULL;
}
static inline int CSSL_GENERAL_NAME_type(const GENERAL_NAME *n) { return n->type; }

/* A ticket's HMAC-SHA-256 with this key. */
static inline int CSSL_set_ticket_mac(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}

/* Adds an extension, written as in OpenSSL's configuration files ("DNS:a.example"). 1, or 0 for a failure. */
static inline int CSSL_add_extension(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    int added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/* Others. */
static inline unsigned long CSSL_XN_FLAG_UTF8_RFC2253(void) { return XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB; }
/* Without a callback OpenSSL would ask for a passphrase at the terminal. */
static inline int CSSL_no_passphrase(char *b, int n, int w, void *u) { (void)b; (void)n; (void)w; (void)u; return -1; }
static inline EVP_PKEY *CSSL_PEM_read_key(BIO *b, const char *words) {
    return PEM_read_bio_PrivateKey(b, NULL, words ? NULL : CSSL_no_passphrase, (void *)words);
}
static inline X509 *CSSL_PEM_read_X509(BIO *b) { return PEM_read_bio_X509(b, NULL, CSSL_no_passphrase, NULL); }
static inline EVP_PKEY *CSSL_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }
static inline EVP_PKEY *CSSL_EVP_RSA_gen(unsigned int bits) { return EVP_RSA_gen(bits); }
static inline EVP_PKEY *CSSL_EVP_ED25519_gen(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }
static inline int CSSL_MBSTRING_UTF8(void) { return MBSTRING_UTF8; }
static inline int CSSL_ERR_GET_LIB(unsigned long e) { return ERR_GET_LIB(e); }
static inline int CSSL_ERR_GET_REASON(unsigned long e) { return ERR_GET_REASON(e); }

#endif
