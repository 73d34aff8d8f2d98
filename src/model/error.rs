use crate::gguf::GgufError;

/// Why a file cannot be run as a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The metadata itself is at fault: a missing key, or one of the wrong type.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// `general.architecture` names something that is not implemented.
    #[error("architecture `{found}` is not supported; known: {known}")]
    UnknownArch {
        /// The file's own word.
        found: String,
        /// All names that work, comma-separated.
        known: String,
    },
    /// A metadata value is outside what a model can have.
    #[error("metadata `{key}`: {fault}")]
    BadValue {
        /// The key.
        key: String,
        /// What is wrong with its value.
        fault: String,
    },
    /// A tensor that the architecture needs is not in the file.
    #[error("tensor `{0}` is missing")]
    MissingTensor(String),
    /// A layer has a tensor that the equations of the architecture know nothing of: leaving it out would give wrong answers.
    #[error("tensor `{name}` is no part of a {arch} model")]
    UnknownTensor {
        /// The tensor.
        name: String,
        /// The architecture.
        arch: &'static str,
    },
    /// A tensor does not have the shape that the metadata asks for.
    #[error("tensor `{name}`: shape {found}, expected {expected}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file, columns first.
        found: String,
        /// The shape that the metadata implies.
        expected: String,
    },
}
