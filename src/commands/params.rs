//! Parameters of a command set's file: their types, ranges and values.

use super::decimal::MAX_DIGITS;
use super::error::{SetError, SetFault};
use super::table::{Item, Table};
use super::value::is_control;
use super::{Decimal, Kind, MAX_TEXT, MAX_UNIT, MAX_VALUE_CHARS, MAX_VALUES, Param, first_duplicate, regex};
use crate::gguf::shown;

/// Reads the parameter `name`.
pub(super) fn param(name: String, mut table: Table<'_>) -> Result<Param, SetError> {
    let kind = table.need("type")?;
    let kind = match kind.text(&table.place)? {
        "int" => int(&mut table)?,
        "float" => float(&mut table)?,
        "enum" => Kind::Enum(values(&mut table)?),
        "bool" => Kind::Bool,
        "string" => text(&mut table)?,
        other => return Err(SetFault::Type(shown(other)).at(kind.line, &table.place)),
    };
    let param = Param { name, doc: table.text_or_empty("doc")?, optional: table.flag("optional")?, kind };
    table.finish()?;
    Ok(param)
}

fn unit(table: &mut Table<'_>) -> Result<String, SetError> {
    let unit = table.text_or_empty("unit")?;
    let fits = !unit.chars().any(char::is_control) && unit.chars().count() <= MAX_UNIT;
    if fits { Ok(unit) } else { Err(SetFault::Unit.at(table.line, &table.place)) }
}

fn int(table: &mut Table<'_>) -> Result<Kind, SetError> {
    let unit = unit(table)?;
    let (min, max) = (table.need("min")?, table.need("max")?);
    let step = table.take("step");
    let place = &table.place;
    let step_line = step.as_ref().map_or(table.line, |step| step.line);
    let step = step.map_or(Ok(1), |step| step.integer("step", place))?;
    let kind = Kind::Int { unit, min: min.integer("min", place)?, max: max.integer("max", place)?, step };
    checked_range(kind, [&min, &max], step_line, place)
}

fn float(table: &mut Table<'_>) -> Result<Kind, SetError> {
    let unit = unit(table)?;
    let (min, max, step_item) = (table.need("min")?, table.need("max")?, table.need("step")?);
    let place = &table.place;
    let step = step_item.number("step", place)?;
    if !step.is_positive() {
        return Err(SetFault::Step.at(step_item.line, place));
    }
    let steps = |key: &'static str, item: &Item<'_>| {
        let number = item.number(key, place)?;
        let steps = number.in_steps_of(step).ok_or_else(|| SetFault::OffStep(key).at(item.line, place))?;
        i32::try_from(steps).map_err(|_| SetFault::Steps(key).at(item.line, place))
    };
    let kind = Kind::Float { unit, min: steps("min", &min)?, max: steps("max", &max)?, step };
    checked_range(kind, [&min, &max], step_item.line, place)
}

fn checked_range(kind: Kind, limits: [&Item<'_>; 2], step_line: usize, place: &str) -> Result<Kind, SetError> {
    let Some([min, max, step]) = kind.range() else { return Ok(kind) };
    if !step.is_positive() {
        return Err(SetFault::Step.at(step_line, place));
    }
    for (key, limit, item) in [("min", min, limits[0]), ("max", max, limits[1])] {
        if limit.in_steps_of(step).is_none() {
            return Err(SetFault::OffStep(key).at(item.line, place));
        }
        if digits_with_step(limit, step) > MAX_DIGITS {
            return Err(SetFault::Digits(key).at(item.line, place));
        }
    }
    if digits_with_step(step, step) > MAX_DIGITS {
        return Err(SetFault::Digits("step").at(step_line, place));
    }
    if min > max {
        return Err(SetFault::Range.at(limits[0].line, place));
    }
    if !regex::is_even_enough(min, max, step) {
        return Err(SetFault::Uneven.at(step_line, place));
    }
    Ok(kind)
}

/// How many digits `number` has with as many decimals as `step`.
fn digits_with_step(number: Decimal, step: Decimal) -> u32 {
    number.scaled(step.decimals()).unsigned_abs().checked_ilog10().map_or(1, |exponent| exponent + 1)
}

fn values(table: &mut Table<'_>) -> Result<Vec<String>, SetError> {
    let place = table.place.clone();
    let list = table.need("values")?;
    let items = list.array("a list of texts", &place)?;
    if items.is_empty() {
        return Err(SetFault::NoValue.at(list.line, &place));
    }
    if items.len() > MAX_VALUES {
        return Err(SetFault::TooManyValues.at(list.line, &place));
    }
    let mut values = Vec::with_capacity(items.len());
    for item in &items {
        let value = item.text(&place)?;
        if !(1..=MAX_VALUE_CHARS).contains(&value.chars().count()) {
            return Err(SetFault::ValueLen(shown(value)).at(item.line, &place));
        }
        if value.chars().any(is_control) {
            return Err(SetFault::ValueControl(shown(value)).at(item.line, &place));
        }
        values.push(value.to_owned());
    }
    match first_duplicate(&values) {
        Some(at) => Err(SetFault::DuplicateValue(shown(&values[at])).at(items[at].line, &place)),
        None => Ok(values),
    }
}

fn text(table: &mut Table<'_>) -> Result<Kind, SetError> {
    let place = table.place.clone();
    let item = table.need("max_len")?;
    let max_len = item.integer("max_len", &place)?;
    match usize::try_from(max_len) {
        Ok(max_len @ 1..=MAX_TEXT) => Ok(Kind::Text { max_len }),
        _ => Err(SetFault::MaxLen.at(item.line, &place)),
    }
}
