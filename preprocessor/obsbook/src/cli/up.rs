//! `obsbook up`: bring a profile up.

use obsbook_lab::suggest;
use obsbook_lab::verdict::ExitStatus;

use super::args::Common;
use super::context::{Context, fail, interrupt};
use super::status;
use crate::prepare;

pub(super) async fn run(common: &Common, profile: Option<&str>) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let profile = profile.unwrap_or(&context.book.settings.profile).to_owned();
    if let Some(model) = &context.book.around.model {
        let known = model.profiles();
        if !known.is_empty() && !known.contains(profile.as_str()) {
            return Err(fail(
                &format!("unknown profile `{profile}`"),
                Some(suggest::hint(&profile, known)),
            ));
        }
    }
    let work = async {
        let mut ready =
            prepare::open(&context.preparation, &context.book, &context.reporter).await?;
        let booted = prepare::boot(
            &context.preparation,
            &context.book,
            &mut ready,
            &profile,
            &context.reporter,
        )
        .await?;
        Ok((ready, booted))
    };
    match interrupt().unless(work).await {
        None => Ok(ExitStatus::Interrupted),
        Some(Err(error)) => {
            prepare::tell(&context.reporter, &error);
            Ok(ExitStatus::Environment)
        }
        Some(Ok((ready, booted))) => {
            let shown = status::show(&context, &ready.stack).await?;
            // A warning has named what is missing; the profile is not up without it.
            Ok(if booted.missing.is_empty() {
                shown
            } else {
                ExitStatus::Environment
            })
        }
    }
}
