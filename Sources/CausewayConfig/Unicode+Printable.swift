extension Unicode.Scalar {
    /// Whether a terminal shows it as itself: no control character, no line end and nothing that turns the writing
    /// round, which could make a name or a message look like another.
    var isPrintable: Bool {
        switch self.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation,
            .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol, .spaceSeparator:
            true
        @unknown default: false
        }
    }
}

extension String {
    /// The text for a message: cut where it is long, and everything that is not printable shown as its code.
    var printable: String {
        let maximumCount = 400
        var text = ""
        for (index, scalar) in self.unicodeScalars.enumerated() {
            guard index < maximumCount else { return text + "…" }
            text += scalar.isPrintable ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        return text
    }
}
