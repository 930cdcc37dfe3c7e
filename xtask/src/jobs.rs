//! Work that runs side by side: each job when a worker is free, what it needs is done, and no
//! other job of its lane runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// A piece of work.
pub struct Job<'w, Done> {
    pub name: String,
    /// Jobs of one lane never run at the same time.
    pub lane: String,
    /// The place in the list of a job that must have ended well before this one starts.
    pub needs: Option<usize>,
    pub work: Box<dyn FnOnce() -> Result<Done> + Send + 'w>,
}

/// How a job ended.
pub struct Finished<Done> {
    pub name: String,
    pub duration: Duration,
    pub outcome: Result<Done>,
}

struct Queue<'w, Done> {
    waiting: Vec<(usize, Job<'w, Done>)>,
    busy_lanes: Vec<String>,
    finished: Vec<(usize, Finished<Done>)>,
}

/// Runs all jobs, so many at a time, and returns how each ended, in the order of the list. Of the
/// jobs that could start, the one that stands first does.
pub fn run<Done: Send>(jobs: Vec<Job<'_, Done>>, workers: usize) -> Vec<Finished<Done>> {
    let queue = Queue {
        waiting: jobs.into_iter().enumerate().collect(),
        busy_lanes: Vec::new(),
        finished: Vec::new(),
    };
    let (queue, changed) = (Mutex::new(queue), Condvar::new());
    thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| work(&queue, &changed));
        }
    });
    let mut finished = queue.into_inner().unwrap_or_else(PoisonError::into_inner).finished;
    finished.sort_by_key(|(place, _)| *place);
    finished.into_iter().map(|(_, finished)| finished).collect()
}

fn work<Done>(queue: &Mutex<Queue<'_, Done>>, changed: &Condvar) {
    let mut locked = lock(queue);
    while !locked.waiting.is_empty() {
        let Some((place, job)) = locked.next() else {
            locked = changed.wait(locked).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        locked.busy_lanes.push(job.lane.clone());
        let needed = job.needs.and_then(|needed| locked.failed(needed));
        drop(locked);
        let started = Instant::now();
        let outcome = match needed {
            Some(name) => Err(anyhow!("left out: {name} failed")),
            // A worker that died would leave the others waiting for its lane.
            None => catch_unwind(AssertUnwindSafe(job.work))
                .unwrap_or_else(|_| Err(anyhow!("it panicked"))),
        };
        let finished = Finished { name: job.name, duration: started.elapsed(), outcome };
        locked = lock(queue);
        locked.finished.push((place, finished));
        locked.busy_lanes.retain(|lane| *lane != job.lane);
        changed.notify_all();
    }
}

fn lock<'q, 'w, Done>(queue: &'q Mutex<Queue<'w, Done>>) -> MutexGuard<'q, Queue<'w, Done>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'w, Done> Queue<'w, Done> {
    /// Takes the first job that can start.
    fn next(&mut self) -> Option<(usize, Job<'w, Done>)> {
        let can_start = |job: &Job<'w, Done>| {
            let is_done = |needed: usize| self.finished.iter().any(|(place, _)| *place == needed);
            job.needs.is_none_or(is_done) && !self.busy_lanes.contains(&job.lane)
        };
        let at = self.waiting.iter().position(|(_, job)| can_start(job))?;
        Some(self.waiting.remove(at))
    }

    /// The name of a finished job, if it failed.
    fn failed(&self, place: usize) -> Option<String> {
        let (_, job) = self.finished.iter().find(|(finished, _)| *finished == place)?;
        job.outcome.is_err().then(|| job.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, run};
    use std::sync::Mutex;
    use std::sync::mpsc;
    use std::time::Duration;

    fn job<'w>(
        name: &str,
        lane: &str,
        needs: Option<usize>,
        work: impl FnOnce() -> anyhow::Result<u32> + Send + 'w,
    ) -> Job<'w, u32> {
        Job { name: name.to_owned(), lane: lane.to_owned(), needs, work: Box::new(work) }
    }

    #[test]
    fn jobs_of_different_lanes_run_at_once() {
        // Each waits for the other: one after another they would not end well.
        let (first_sends, second_hears) = mpsc::channel();
        let (second_sends, first_hears) = mpsc::channel();
        let patience = Duration::from_secs(60);
        let jobs = vec![
            job("first", "a", None, move || {
                first_sends.send(())?;
                Ok(first_hears.recv_timeout(patience).map(|()| 1)?)
            }),
            job("second", "b", None, move || {
                second_sends.send(())?;
                Ok(second_hears.recv_timeout(patience).map(|()| 2)?)
            }),
        ];
        let ended: Vec<u32> = run(jobs, 2).into_iter().map(|job| job.outcome.unwrap()).collect();
        assert_eq!(ended, [1, 2]);
    }

    #[test]
    fn a_lane_and_a_need_keep_their_order() {
        let order = Mutex::new(Vec::new());
        let note = |name: &'static str| {
            let order = &order;
            move || {
                order.lock().unwrap().push(name);
                Ok(0)
            }
        };
        let jobs = vec![
            job("needs the last", "b", Some(2), note("needs the last")),
            job("one", "a", None, note("one")),
            job("two", "a", None, note("two")),
        ];
        run(jobs, 4);
        assert_eq!(*order.lock().unwrap(), ["one", "two", "needs the last"]);
    }

    #[test]
    fn what_needs_a_failed_job_is_left_out() {
        let jobs = vec![
            job("build", "a", None, || anyhow::bail!("no compiler")),
            job("tests", "b", Some(0), || Ok(1)),
            job("tests of the tests", "b", Some(1), || Ok(1)),
            job("others", "b", None, || Ok(1)),
        ];
        let ended = run(jobs, 2).into_iter().map(|job| match job.outcome {
            Ok(_) => job.name,
            Err(problem) => problem.to_string(),
        });
        let expected =
            ["no compiler", "left out: build failed", "left out: tests failed", "others"];
        assert_eq!(ended.collect::<Vec<_>>(), expected);
    }
}
