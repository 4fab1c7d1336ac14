"""What is measured, against whom, and how: `script/bench` runs it; results/ keeps what came out."""
