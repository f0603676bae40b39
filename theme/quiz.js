// Quizzes show by themselves why an answer is right or wrong; a screen reader has to be told that something is shown.
'use strict';

for (const quiz of document.querySelectorAll('.quiz')) {
  const status = quiz.querySelector('.quiz-status');
  quiz.addEventListener('change', ({ target }) => {
    status.textContent = target.closest('.quiz-answer').querySelector('.quiz-why').textContent;
  });
}
