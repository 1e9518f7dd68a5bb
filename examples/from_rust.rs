// SPDX-License-Identifier: LicenseRef-agentrun-internal
//! The library from Rust: what does a prompt ask for?
//!
//!     rustc from_rust.rs -lagentrun && ./from_rust "always email me when the price drops"
//!
//! The headers need nothing but C99 and no macro is part of an interface, so bindgen takes them
//! as they are (`bindgen $(pkg-config --variable=includedir agentrun)/agentrun/agentrun.h`);
//! these few lines are what it would write of the calls below.
use std::ffi::{c_char, c_double, c_int, CStr};
use std::ptr::{null, null_mut};

// Opaque: only pointers to them cross.
#[repr(C)]
pub struct Ctx([u8; 0]);
#[repr(C)]
pub struct Intent([u8; 0]);
#[repr(C)]
pub struct Error([u8; 0]);

extern "C" {
    fn agentrun_ctx_new(out: *mut *mut Ctx, opts: *const u8, err: *mut *mut Error) -> c_int;
    fn agentrun_ctx_free(ctx: *mut Ctx);
    fn agentrun_classify(
        out: *mut *mut Intent,
        ctx: *mut Ctx,
        prompt: *const c_char,
        len: usize,
        opts: *const u8,
        err: *mut *mut Error,
    ) -> c_int;
    fn agentrun_intent_lane(intent: *const Intent) -> c_int;
    fn agentrun_intent_confidence(intent: *const Intent) -> c_double;
    fn agentrun_intent_free(intent: *mut Intent);
    fn agentrun_lane_name(lane: c_int) -> *const c_char;
    fn agentrun_error_message(err: *const Error) -> *const c_char;
    fn agentrun_error_free(err: *mut Error);
}

/// Text of the library, copied while it is lent.
unsafe fn text(p: *const c_char) -> String {
    CStr::from_ptr(p).to_string_lossy().into_owned()
}

unsafe fn check(status: c_int, err: *mut Error) -> Result<(), String> {
    if status >= 0 {
        return Ok(());
    }
    let message = text(agentrun_error_message(err));
    agentrun_error_free(err);
    Err(message)
}

/// A context; it may be shared between threads.
pub struct Agentrun(*mut Ctx);
unsafe impl Send for Agentrun {}
unsafe impl Sync for Agentrun {}

impl Agentrun {
    pub fn new() -> Result<Self, String> {
        let (mut ctx, mut err) = (null_mut(), null_mut());
        unsafe { check(agentrun_ctx_new(&mut ctx, null(), &mut err), err)? };
        Ok(Agentrun(ctx))
    }

    pub fn classify(&self, prompt: &str) -> Result<(String, f64), String> {
        let (mut intent, mut err) = (null_mut(), null_mut());
        unsafe {
            let status = agentrun_classify(
                &mut intent,
                self.0,
                prompt.as_ptr().cast(),
                prompt.len(),
                null(),
                &mut err,
            );
            check(status, err)?;
            let lane = text(agentrun_lane_name(agentrun_intent_lane(intent)));
            let confidence = agentrun_intent_confidence(intent);
            agentrun_intent_free(intent);
            Ok((lane, confidence))
        }
    }
}

impl Drop for Agentrun {
    fn drop(&mut self) {
        unsafe { agentrun_ctx_free(self.0) }
    }
}

fn main() -> Result<(), String> {
    let prompt = std::env::args().nth(1).unwrap_or("count the rows".into());
    let (lane, confidence) = Agentrun::new()?.classify(&prompt)?;
    println!("{lane} {confidence:.2}");
    Ok(())
}
