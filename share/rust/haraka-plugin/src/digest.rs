//! Message digests: the host's service digest/1.

use crate::abi::*;
use crate::border::{host, Error};
use crate::value::lent;
use std::ffi::c_void;

/// Which digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Algorithm {
    Md5 = HARAKA_DIGEST_MD5,
    Sha1 = HARAKA_DIGEST_SHA1,
    Sha256 = HARAKA_DIGEST_SHA256,
    Sha512 = HARAKA_DIGEST_SHA512,
}

/// A digest, or with a key an HMAC (RFC 2104), piece by piece. Any thread, one at a time.
pub struct Digest(*mut c_void);

// Safety: the host says that a state is for one thread at a time, not for a certain one.
unsafe impl Send for Digest {}

fn offered() -> Result<&'static haraka_digest_1, Error> {
    // Safety: a service is there for the life of the process.
    unsafe { (host().service)(lent("digest/1")).cast::<haraka_digest_1>().as_ref() }.ok_or(Error(HARAKA_E_UNSUPPORTED))
}

impl Digest {
    pub fn new(algorithm: Algorithm, key: Option<&[u8]>) -> Result<Digest, Error> {
        // A key that is there but empty has an address all the same.
        let key = key.map_or(haraka_str { ptr: std::ptr::null(), len: 0 }, lent);
        let state = unsafe { (offered()?.begin)(algorithm as i32, key) };
        if state.is_null() {
            return Err(Error(HARAKA_E_UNSUPPORTED));
        }
        Ok(Digest(state))
    }
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        Error::check(unsafe { (offered()?.update)(self.0, lent(&bytes)) })
    }
    /// 16, 20, 32 or 64 bytes.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let (mut out, service) = ([0u8; 64], offered()?);
        let state = self.0;
        std::mem::forget(self);
        let count = unsafe { (service.finish)(state, out.as_mut_ptr().cast(), out.len()) };
        Error::check(count)?;
        Ok(out[..count as usize].to_vec())
    }
    /// Of all of `bytes`.
    pub fn of(algorithm: Algorithm, bytes: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        let mut digest = Digest::new(algorithm, None)?;
        digest.update(bytes)?;
        digest.finish()
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        if let Ok(service) = offered() {
            unsafe { (service.drop)(self.0) };
        }
    }
}

/// Whether both hold the same bytes; takes the same time wherever they differ.
pub fn digests_equal(a: &[u8], b: &[u8]) -> Result<bool, Error> {
    Ok(unsafe { (offered()?.equal)(lent(a), lent(b)) } == 1)
}

/// A key of `count` bytes from a password: PBKDF2 (RFC 8018) with HMAC. Slow, as it must be: offload it. Any thread.
pub fn derive_key(
    algorithm: Algorithm,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    count: usize,
) -> Result<Vec<u8>, Error> {
    let mut key = vec![0; count];
    let (algorithm, out) = (algorithm as i32, key.as_mut_ptr().cast());
    Error::check(unsafe { (offered()?.derive)(algorithm, lent(password), lent(salt), rounds, out, count) })?;
    Ok(key)
}

/// Bytes that nobody can foresee. Any thread.
pub fn random_bytes(count: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; count];
    Error::check(unsafe { (offered()?.random)(bytes.as_mut_ptr().cast(), count) })?;
    Ok(bytes)
}
