//! The schemas, asked as an editor asks them.

#[allow(dead_code, reason = "not every test asks it")]
pub(crate) mod surroundings;

use jsonschema::Validator;
use obsbook_lab::block::schema;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Value as Json, json};

/// Returns whether the YAML of a lab block fits the schema of lab blocks.
#[allow(dead_code, reason = "not every test asks it")]
pub(crate) fn fits_the_schema(block: &str) -> bool {
    let Ok(block) = json(block) else { return false };
    validator(&schema::lab()).is_valid(&block)
}

/// Returns a validator of draft 2020-12.
pub(crate) fn validator(schema: &Json) -> Validator {
    jsonschema::draft202012::new(schema).expect("a schema")
}

/// Returns what an editor makes of YAML: numbers are numbers, and not the text that stands there.
///
/// # Errors
/// The text is no YAML, or repeats a key.
pub(crate) fn json(text: &str) -> Result<Json, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    documents.first().map_or(Ok(Json::Null), value)
}

fn value(yaml: &Yaml<'_>) -> Result<Json, String> {
    Ok(match yaml {
        Yaml::Value(Scalar::Null) => Json::Null,
        Yaml::Value(Scalar::Boolean(flag)) => json!(flag),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::FloatingPoint(number)) => json!(number.into_inner()),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Sequence(items) => items.iter().map(value).collect::<Result<_, _>>()?,
        Yaml::Mapping(entries) => {
            let entry = |(key, entry): (&Yaml<'_>, &Yaml<'_>)| {
                let key = key.as_str().ok_or("a key is not a word")?;
                Ok::<_, String>((key.to_owned(), value(entry)?))
            };
            Json::Object(entries.iter().map(entry).collect::<Result<_, _>>()?)
        }
        other => return Err(format!("{other:?} is no value")),
    })
}
