//! `validate`: is everything as it should be, and what is in force?

use routes::{Severity, Snapshot};
use serde::Serialize;

use crate::{
    Exit,
    args::Validate,
    config::{Environment, Place, Problem, Problems},
    output::{self, Table},
    setup::Setup,
    survey::Survey,
    view::{self, ConflictView, FindingView},
};

#[cfg(test)]
mod tests;

/// What `validate --json` prints.
#[derive(Debug, Serialize)]
struct Validation {
    valid: bool,
    mode: Option<&'static str>,
    mode_reason: Option<String>,
    settings: Vec<SettingView>,
    services: usize,
    routes: usize,
    conflicts: Vec<ConflictView>,
    findings: Vec<FindingView>,
    problems: Vec<ProblemView>,
}

/// A key as it holds.
#[derive(Debug, Serialize)]
struct SettingView {
    key: &'static str,
    value: String,
    from: String,
}

/// What makes the configuration unusable.
#[derive(Debug, Serialize)]
struct ProblemView {
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    place: String,
    message: String,
}

/// Checks the configuration and reads the sources now.
pub(crate) fn validate(arguments: &Validate) -> anyhow::Result<Exit> {
    let setup = match Setup::load(&arguments.options, &Environment::of_process()) {
        Ok(setup) => setup,
        Err(error) => {
            if arguments.json
                && let Some(problems) = error.downcast_ref::<Problems>()
            {
                output::print_json(&unusable(problems))?;
            }
            return Err(error);
        }
    };
    let survey = Survey::take(&setup);
    let exit = judge(&survey, arguments.strict);
    if arguments.json {
        output::print_json(&validation(&setup, &survey, exit))?;
    } else {
        output::print(&settings(&setup))?;
        let remarks = view::remarks(&view::routes(&survey.snapshot, &setup));
        let remarks = remarks
            .iter()
            .map(|remark| format!("{remark}\n"))
            .collect::<String>();
        output::print(&format_args!("\n{remarks}{}", summary(&survey.snapshot)))?;
    }
    match survey.fault(&setup) {
        Some(empty) if exit == Exit::Done => Err(empty),
        Some(_) | None => Ok(exit),
    }
}

/// Findings of severity error, hosts that nobody got, and if strict also whatever will surprise.
fn judge(survey: &Survey, strict: bool) -> Exit {
    let snapshot = &survey.snapshot;
    let broken = survey
        .reading
        .as_ref()
        .is_some_and(|reading| reading.broken.is_some());
    let worst = snapshot
        .findings
        .iter()
        .map(|finding| finding.severity)
        .max();
    let matters = match worst {
        Some(Severity::Error) => true,
        Some(Severity::Warning) => strict,
        Some(Severity::Info) | None => false,
    };
    let contested =
        survey.undecided().next().is_some() || (strict && !snapshot.conflicts.is_empty());
    match broken || matters || contested {
        true => Exit::Findings,
        false => Exit::Done,
    }
}

fn settings(setup: &Setup) -> Table {
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
    for setting in &setup.config.effective {
        let detected = setting.key == "mode" && setup.config.mode.is_none();
        let (value, from) = match detected {
            true => (
                setup.mode.name().to_owned(),
                format!("auto: {}", setup.mode_reason),
            ),
            false => (setting.value.clone(), setting.place.to_string()),
        };
        table.row([setting.key.to_owned(), value, from]);
    }
    table
}

fn summary(snapshot: &Snapshot) -> String {
    let count = |severity| {
        snapshot
            .findings
            .iter()
            .filter(|it| it.severity == severity)
            .count()
    };
    let counted = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    };
    [
        counted(snapshot.services.len(), "service"),
        counted(snapshot.routes.len(), "route"),
        counted(snapshot.conflicts.len(), "conflict"),
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
    ]
    .join(", ")
}

fn validation(setup: &Setup, survey: &Survey, exit: Exit) -> Validation {
    let settings = setup.config.effective.iter().map(|setting| SettingView {
        key: setting.key,
        value: setting.value.clone(),
        from: setting.place.to_string(),
    });
    let snapshot = &survey.snapshot;
    Validation {
        valid: exit == Exit::Done,
        mode: Some(setup.mode.name()),
        mode_reason: Some(setup.mode_reason.clone()),
        settings: settings.collect(),
        services: snapshot.services.len(),
        routes: snapshot.routes.len(),
        conflicts: view::conflicts(snapshot),
        findings: view::findings(snapshot),
        problems: Vec::new(),
    }
}

fn unusable(problems: &Problems) -> Validation {
    Validation {
        valid: false,
        mode: None,
        mode_reason: None,
        settings: Vec::new(),
        services: 0,
        routes: 0,
        conflicts: Vec::new(),
        findings: Vec::new(),
        problems: problems.0.iter().map(problem).collect(),
    }
}

fn problem(problem: &Problem) -> ProblemView {
    let (file, line, column) = match &problem.place {
        Place::File { file, line, column } => (Some(file.clone()), Some(*line), Some(*column)),
        Place::Project(origin) => (Some(origin.file.clone()), Some(origin.line), None),
        Place::Flag(_) | Place::Variable(_) | Place::Default => (None, None, None),
    };
    ProblemView {
        file,
        line,
        column,
        place: problem.place.to_string(),
        message: problem.message.clone(),
    }
}
