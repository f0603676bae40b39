//! Throw-away containers: a script that runs in an image and leaves one file behind.

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{LogsOptions, StartContainerOptions, WaitContainerOptions};
use futures_util::StreamExt;

use super::client::Engine;
use super::error::EngineError;
use super::throw_away::ThrowAway;

/// A file that a job finds in its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFile {
    /// Where it lies, relative to the root folder.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// A script to run in a container of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it is for, as the end of a sentence that begins with "the Docker engine would not".
    pub what: String,
    /// The image, which must be there.
    pub image: String,
    /// The script, for `sh -e`.
    pub script: String,
    /// Variables, each `NAME=value`.
    pub env: Vec<String>,
    /// Files laid into the container before it starts.
    pub files: Vec<JobFile>,
    /// The file that the script must make, whose content is returned.
    pub result: String,
}

impl Engine {
    /// Runs a job, hands each line that it writes to `on_line`, and returns the file it made. The
    /// container is deleted in any case.
    ///
    /// # Errors
    /// The engine's refusal, and `Failed` with the last lines when the script fails.
    pub async fn run_job(
        &self,
        job: &Job,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Vec<u8>, EngineError> {
        let what = job.what.as_str();
        let body = ContainerCreateBody {
            image: Some(job.image.clone()),
            entrypoint: Some(vec!["sh".to_owned(), "-ec".to_owned()]),
            cmd: Some(vec![job.script.clone()]),
            env: Some(job.env.clone()),
            host_config: Some(HostConfig {
                init: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        let container = self.throw_away(body, what).await?;
        let outcome = self.run_made(job, &container, on_line).await;
        let removed = container.delete().await;
        let content = outcome?;
        removed?;
        Ok(content)
    }

    async fn run_made(
        &self,
        job: &Job,
        container: &ThrowAway<'_>,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Vec<u8>, EngineError> {
        let (what, id) = (job.what.as_str(), container.id());
        let archive = archive(&job.files).map_err(|error| EngineError::Api {
            what: what.to_owned(),
            status: 0,
            message: error.to_string(),
        })?;
        container.put(archive, what).await?;
        let start = self
            .docker
            .start_container(id, None::<StartContainerOptions>);
        self.of_container(start, what, id).await?;

        let options = LogsOptions {
            follow: true,
            stdout: true,
            stderr: true,
            ..Default::default()
        };
        let mut output = self.docker.logs(id, Some(options));
        let mut last = Tail::default();
        while let Some(part) = output.next().await {
            let part = part.map_err(|error| self.refusal(&error, what))?;
            for line in last.take(&String::from_utf8_lossy(part.as_ref())) {
                on_line(&line);
            }
        }
        let status = self.wait(id, what).await?;
        if status != 0 {
            return Err(EngineError::Failed {
                what: what.to_owned(),
                status,
                message: last.lines.join("\n"),
            });
        }
        self.read_file(id, &job.result).await
    }

    async fn wait(&self, id: &str, what: &str) -> Result<i64, EngineError> {
        let mut answers = self.docker.wait_container(id, None::<WaitContainerOptions>);
        match answers.next().await {
            Some(Ok(ended)) => Ok(ended.status_code),
            // The client reports a status other than 0 as an error.
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(self.refusal_of(&error, what, id)),
            None => Err(EngineError::NoSuchContainer { id: id.to_owned() }),
        }
    }
}

/// Output comes in parts that need not end where lines do.
#[derive(Default)]
struct Tail {
    partial: String,
    lines: Vec<String>,
}

impl Tail {
    const KEPT: usize = 20;

    fn take(&mut self, part: &str) -> Vec<String> {
        self.partial.push_str(part);
        let mut complete = Vec::new();
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            complete.push(line.trim_end().to_owned());
        }
        self.lines.extend(complete.iter().cloned());
        let surplus = self.lines.len().saturating_sub(Self::KEPT);
        self.lines.drain(..surplus);
        complete
    }
}

fn archive(files: &[JobFile]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, &file.path, file.content.as_slice())?;
    }
    builder.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_few_are_kept() {
        let mut tail = Tail::default();
        assert_eq!(tail.take("one\ntw"), ["one"]);
        assert_eq!(tail.take("o\r\nthree"), ["two"]);
        for number in 0..30 {
            tail.take(&format!("{number}\n"));
        }
        assert_eq!(tail.lines.len(), Tail::KEPT);
        assert_eq!(tail.lines.last().unwrap(), "29");
    }
}
