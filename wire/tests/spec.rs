//! The specification's tables are the crate's own. After a change of the tables, write them anew with
//!
//! ```text
//! QWARK_WRITE_SPEC=1 cargo test -p qwark-wire --test spec
//! ```

use std::fmt::Write;

use qwark_wire::*;

const SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/WIRE.md");
const BEGIN: &str = "<!-- generated from the tables of qwark-wire: begin -->\n";
const END: &str = "<!-- generated from the tables of qwark-wire: end -->\n";

/// The types that need tables of their own, in the order in which they are first used.
#[derive(Default)]
struct Types(Vec<Type>);

impl Types {
    /// How a field's type is written in a table.
    fn name(&mut self, ty: &Type) -> String {
        match ty.name {
            "list" => {
                let item = self.name(&ty.rows[0].ty);
                format!("≤ {} × {item}", ty.limit)
            }
            "str" | "bytes" => format!("{} ≤ {}", ty.name, ty.limit),
            _ if ty.rows.is_empty() && ty.values.is_empty() => ty.name.to_owned(),
            _ => {
                if !self.0.iter().any(|known| known.name == ty.name) {
                    self.0.push(*ty);
                }
                ty.name.to_owned()
            }
        }
    }

    /// A table of a record's fields. An offset is known as long as every field before it has one length.
    fn rows(&mut self, out: &mut String, rows: &[Row]) {
        out.push_str("\n| offset | field | type | meaning |\n|---|---|---|---|\n");
        let mut offset = Some(0);
        for row in rows {
            let at = offset.map_or(String::new(), |at: usize| at.to_string());
            let name = self.name(&row.ty);
            writeln!(out, "| {at} | {} | {name} | {} |", row.name, row.doc.trim()).expect("a string");
            let varies = matches!(row.ty.name, "str" | "bytes" | "list");
            offset = offset.filter(|_| !varies).map(|at| at + row.ty.max_len);
        }
    }
}

fn tables() -> String {
    let mut out = String::new();
    let mut types = Types::default();
    for (title, kinds) in [("From a client to the runtime", TO_RUNTIME), ("From the runtime to a client", FROM_RUNTIME)] {
        writeln!(out, "\n### {title}").expect("a string");
        for kind in kinds {
            let id = match kind.scope {
                Scope::Session => "id 0",
                Scope::Request => "id of the request",
                Scope::Any => "id of the request, or 0",
            };
            let payload = match kind.ty.max_len {
                0 => "no payload".to_owned(),
                len => format!("payload of {len} bytes at most"),
            };
            writeln!(out, "\n**{:#04x} {}** ({id}, {payload})", kind.number, kind.name).expect("a string");
            writeln!(out, "\n{}", kind.doc.trim()).expect("a string");
            if !kind.ty.rows.is_empty() {
                types.rows(&mut out, kind.ty.rows);
            }
        }
    }
    writeln!(out, "\n### Types used above").expect("a string");
    let mut next = 0;
    while let Some(ty) = types.0.get(next).copied() {
        if ty.values.is_empty() {
            writeln!(out, "\n**{}**, {} bytes:", ty.name, ty.max_len).expect("a string");
            types.rows(&mut out, ty.rows);
        } else {
            writeln!(out, "\n**{}**, one byte:", ty.name).expect("a string");
            out.push_str("\n| value | name | meaning |\n|---|---|---|\n");
            for value in ty.values {
                writeln!(out, "| {} | {} | {} |", value.number, value.name, value.doc.trim()).expect("a string");
            }
        }
        next += 1;
    }
    writeln!(out, "\nSchema fingerprint of these tables: `{SCHEMA:#018x}`\n").expect("a string");
    out
}

#[test]
fn the_specification_has_these_tables_and_limits() {
    let spec = std::fs::read_to_string(SPEC).expect("docs/WIRE.md is there");
    for (name, value) in [("SMALL_FRAME", SMALL_FRAME), ("MAX_FRAME", MAX_FRAME), ("HEADER", HEADER), ("SEAL", SEAL), ("CRC", CRC)] {
        let row = format!("| {name} | {value} |");
        assert!(spec.contains(&row), "docs/WIRE.md lacks `{row}`");
    }
    let (before, rest) = spec.split_once(BEGIN).expect("the mark before the tables");
    let (found, after) = rest.split_once(END).expect("the mark after the tables");
    let tables = tables();
    if std::env::var_os("QWARK_WRITE_SPEC").is_some() {
        std::fs::write(SPEC, [before, BEGIN, &tables, END, after].concat()).expect("can be written");
    } else {
        assert!(found == tables, "docs/WIRE.md is out of date: see the top of this test\n{tables}");
    }
}
