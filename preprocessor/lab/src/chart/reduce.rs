//! Fewer points than were measured, and yet every peak: the lowest and the highest of each column, never a mean.

/// Returns `points`, in order of their x, with at most two in each of `columns` equal parts of `low..=high`.
pub(super) fn reduce(
    points: &[(f64, f64)],
    (low, high): (f64, f64),
    columns: usize,
) -> Vec<(f64, f64)> {
    if points.len() <= columns * 2 || high <= low {
        return points.to_vec();
    }
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(columns * 2);
    let mut column: Vec<(f64, f64)> = Vec::new();
    let mut current = 0;
    for point in points {
        let place = column_of(point.0, (low, high), columns);
        if place != current {
            extremes(&mut column, &mut kept);
            current = place;
        }
        column.push(*point);
    }
    extremes(&mut column, &mut kept);
    kept
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
fn column_of(x: f64, (low, high): (f64, f64), columns: usize) -> usize {
    let part = ((x - low) / (high - low)).clamp(0.0, 1.0);
    ((part * columns as f64) as usize).min(columns - 1)
}

fn extremes(column: &mut Vec<(f64, f64)>, kept: &mut Vec<(f64, f64)>) {
    let by_value = |left: &&(f64, f64), right: &&(f64, f64)| left.1.total_cmp(&right.1);
    let lowest = column.iter().min_by(by_value).copied();
    let highest = column.iter().max_by(by_value).copied();
    if let (Some(lowest), Some(highest)) = (lowest, highest) {
        let (first, second) = if lowest.0 <= highest.0 {
            (lowest, highest)
        } else {
            (highest, lowest)
        };
        kept.push(first);
        if second != first {
            kept.push(second);
        }
    }
    column.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_of_one_sample_stays() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|x| (f64::from(x), 1.0)).collect();
        points[7777].1 = 9.0;
        points[3333].1 = -9.0;
        let kept = reduce(&points, (0.0, 9999.0), 300);
        assert!(kept.len() <= 600, "{}", kept.len());
        assert!(kept.contains(&(7777.0, 9.0)) && kept.contains(&(3333.0, -9.0)));
        assert!(kept.is_sorted_by(|left, right| left.0 <= right.0));
    }

    #[test]
    fn few_points_are_left_as_they_are() {
        let points = [(0.0, 1.0), (1.0, 2.0)];
        assert_eq!(reduce(&points, (0.0, 1.0), 300), points);
    }
}
